/** The reader's choices, kept by the browser where it allows that. */

export interface Preferences {
  language: string;
  task: "transcribe" | "translate";
  textSize: number;
}

const KEY = "wirescribe.preferences";
const defaults: Preferences = { language: "auto", task: "transcribe", textSize: 2 };

export const TEXT_SIZES = 6;

export function loadPreferences(languages: readonly string[]): Preferences {
  let stored: Partial<Preferences> = {};
  try {
    stored = (JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {}) as Partial<Preferences>;
  } catch {
    // Storage may be blocked or damaged; the defaults will do.
  }
  const { language, task, textSize } = stored;
  return {
    language: typeof language === "string" && languages.includes(language) ? language : defaults.language,
    task: task === "translate" ? "translate" : "transcribe",
    textSize:
      Number.isInteger(textSize) && Number(textSize) >= 0 && Number(textSize) < TEXT_SIZES
        ? Number(textSize)
        : defaults.textSize,
  };
}

export function savePreferences(preferences: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Nothing depends on it.
  }
}
