import { useEffect, useImperativeHandle, useRef } from "react";
import "wirescribe/live-captions";

/**
 * `<live-captions>` for React 19: attributes and properties are passed on as they are; events, whose
 * names React does not know, become functions.
 */
export function LiveCaptions({ ref, onState, onFailure, ...rest }) {
  const element = useRef(null);
  useImperativeHandle(ref, () => element.current);

  useEffect(() => {
    const listening = new AbortController();
    const on = (name, tell) => element.current.addEventListener(name, tell, { signal: listening.signal });
    on("captions-state", ({ detail }) => onState?.(detail.state));
    on("captions-error", ({ detail }) => onFailure?.(detail.error));
    return () => listening.abort();
  }, [onState, onFailure]);

  return <live-captions ref={element} {...rest} />;
}
