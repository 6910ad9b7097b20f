import { createRoot } from "react-dom/client";
import { App } from "./app.jsx";

const { searchParams } = new URL(location.href);

createRoot(document.getElementById("root")).render(
  <App url={searchParams.get("url") ?? "ws://127.0.0.1:8000"} language={searchParams.get("language") ?? "auto"} />,
);
