from livekit.plugins import deepgram

stt = deepgram.STT(base_url="http://127.0.0.1:8000/v1/listen", api_key="ws_…")
