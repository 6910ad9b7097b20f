from pipecat.services.deepgram.stt import DeepgramSTTService

stt = DeepgramSTTService(api_key="ws_…", base_url="http://127.0.0.1:8000")
