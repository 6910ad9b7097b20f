from livekit.plugins import openai

stt = openai.STT(base_url="http://127.0.0.1:8000/v1", api_key="ws_…", use_realtime=True)
