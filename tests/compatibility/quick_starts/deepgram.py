from pathlib import Path

from deepgram import DeepgramClient
from deepgram.environment import DeepgramClientEnvironment

http, ws = "http://127.0.0.1:8000", "ws://127.0.0.1:8000"
here = DeepgramClientEnvironment(base=http, production=ws, agent=ws, agent_rest=http)
client = DeepgramClient(api_key="ws_…", environment=here)

with client.listen.v1.connect(
    model="nova-3", encoding="linear16", sample_rate=16000, punctuate="true"
) as connection:
    connection.send_media(Path("speech.raw").read_bytes())
    connection.send_close_stream()
    for message in connection:
        if message.type == "Results":
            print(message.channel.alternatives[0].transcript)
