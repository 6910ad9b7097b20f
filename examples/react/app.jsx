import { useRef, useState } from "react";
import { LiveCaptions } from "./live_captions.jsx";

/** A page with captions, its own button, and notes taken from what was said. */
export function App({ url, language }) {
  const captions = useRef(null);
  const [state, setState] = useState("idle");
  const [failure, setFailure] = useState("");
  const [notes, setNotes] = useState([]);
  const running = state !== "idle";

  const start = () => {
    setFailure("");
    void captions.current.start();
  };
  const note = () => setNotes([...notes, captions.current.lines.at(-1)?.committed ?? ""]);

  return (
    <>
      <h1>Live captions in React</h1>
      <p>
        <button type="button" onClick={running ? () => captions.current.stop() : start}>
          {running ? "Stop" : "Start"}
        </button>{" "}
        <button type="button" onClick={note}>
          Note the last sentence
        </button>{" "}
        <output>{failure || state}</output>
      </p>
      <LiveCaptions
        ref={captions}
        url={url}
        language={language}
        source="microphone"
        mode="transcript"
        onState={setState}
        onFailure={(error) => setFailure(error.message)}
      />
      <ul aria-label="Notes">
        {notes.map((text, i) => (
          <li key={i}>{text}</li>
        ))}
      </ul>
    </>
  );
}
