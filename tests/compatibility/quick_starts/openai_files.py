from pathlib import Path

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="ws_…")
print(client.audio.transcriptions.create(model="whisper-1", file=Path("speech.wav")).text)
