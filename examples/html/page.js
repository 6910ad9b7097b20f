// The element needs no script. This one takes its attributes from the page's address, such as
// ?url=wss://captions.example&language=de&source=mixed&mode=transcript
const captions = document.querySelector("live-captions");
for (const [name, value] of new URLSearchParams(location.search)) captions.setAttribute(name, value);

// What it tells: its state, what went wrong, what the reader has set.
captions.addEventListener("captions-state", ({ detail }) => console.info("captions:", detail.state));
captions.addEventListener("captions-error", ({ detail }) => console.warn("captions:", detail.error));
