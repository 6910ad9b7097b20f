/** What the component says itself: in English, German and Chinese, and as the page wants it. */

export interface Words {
  captions: string;
  controls: string;
  start: string;
  stop: string;
  smaller: string;
  larger: string;
  contrast: string;
  transcript: string;
  move: string;
  moveHow: string;
  openWindow: string;
  closeWindow: string;
  inWindow: string;
  latest: string;
  /** `{n}` is the speaker's number. */
  speaker: string;
  /** Names of the two channels where microphone and tab are heard. */
  you: string;
  tab: string;
  asking: string;
  connecting: string;
  /** `{n}` is the place in the line. */
  queued: string;
  listening: string;
  reconnecting: string;
  stopping: string;
  /** By the code of a `CaptureError` or `TranscriberError`; `other` for those without. */
  problems: Readonly<Record<string, string>>;
}

const en: Words = {
  captions: "Captions",
  controls: "Caption settings",
  start: "Start",
  stop: "Stop",
  smaller: "Smaller text",
  larger: "Larger text",
  contrast: "High contrast",
  transcript: "Whole transcript",
  move: "Move captions",
  moveHow: "Drag, or use the arrow keys; with Shift in small steps. Home puts them back.",
  openWindow: "In a window of its own",
  closeWindow: "Back into the page",
  inWindow: "The captions are in a window of their own.",
  latest: "Newest text",
  speaker: "Speaker {n}",
  you: "You",
  tab: "Tab",
  asking: "Waiting for permission …",
  connecting: "Connecting …",
  queued: "Waiting for a place: number {n} in line",
  listening: "Listening",
  reconnecting: "Connection lost, trying again …",
  stopping: "Finishing the last words …",
  problems: {
    permission_denied: "The browser may not use the microphone. Allow it in the address bar, then start again.",
    insecure_origin: "Browsers give no microphone to this address. Open the page over https, or on this computer.",
    no_device: "No microphone was found. Connect one, then start again.",
    device_busy: "The microphone is in use by another program.",
    device_lost: "The microphone or the share is gone.",
    cancelled: "Nothing was chosen to listen to.",
    no_tab_audio: "The tab was shared without its sound. Start again and tick “Share tab audio”.",
    unsupported: "This browser can't capture that sound.",
    not_authorised: "The server wants a key, or did not take the one it was given.",
    overloaded: "The server is full. Try again in a moment.",
    connection_lost: "The server can't be reached.",
    other: "Captions have stopped: {message}",
  },
};

const de: Words = {
  captions: "Untertitel",
  controls: "Einstellungen der Untertitel",
  start: "Start",
  stop: "Stopp",
  smaller: "Kleinere Schrift",
  larger: "Größere Schrift",
  contrast: "Hoher Kontrast",
  transcript: "Ganze Mitschrift",
  move: "Untertitel verschieben",
  moveHow: "Ziehen, oder mit den Pfeiltasten; mit Umschalt in kleinen Schritten. Pos1 setzt sie zurück.",
  openWindow: "In eigenem Fenster",
  closeWindow: "Zurück in die Seite",
  inWindow: "Die Untertitel sind in einem eigenen Fenster.",
  latest: "Neuester Text",
  speaker: "Stimme {n}",
  you: "Ich",
  tab: "Tab",
  asking: "Warten auf Erlaubnis …",
  connecting: "Verbinden …",
  queued: "Warten auf einen Platz: Nummer {n} in der Reihe",
  listening: "Hört zu",
  reconnecting: "Verbindung verloren, neuer Versuch …",
  stopping: "Die letzten Worte …",
  problems: {
    permission_denied: "Der Browser darf das Mikrofon nicht benutzen. In der Adresszeile erlauben, dann neu starten.",
    insecure_origin: "Für diese Adresse geben Browser kein Mikrofon frei. Die Seite über https öffnen, oder auf diesem Rechner.",
    no_device: "Kein Mikrofon gefunden. Eines anschließen, dann neu starten.",
    device_busy: "Das Mikrofon wird von einem anderen Programm benutzt.",
    device_lost: "Mikrofon oder Freigabe sind weg.",
    cancelled: "Es wurde nichts zum Zuhören gewählt.",
    no_tab_audio: "Der Tab wurde ohne Ton geteilt. Neu starten und „Tab-Audio teilen“ ankreuzen.",
    unsupported: "Dieser Browser kann diesen Ton nicht aufnehmen.",
    not_authorised: "Der Server verlangt einen Schlüssel oder nimmt diesen nicht.",
    overloaded: "Der Server ist voll. Gleich noch einmal versuchen.",
    connection_lost: "Der Server ist nicht zu erreichen.",
    other: "Keine Untertitel mehr: {message}",
  },
};

const zh: Words = {
  captions: "字幕",
  controls: "字幕设置",
  start: "开始",
  stop: "停止",
  smaller: "缩小文字",
  larger: "放大文字",
  contrast: "高对比度",
  transcript: "完整记录",
  move: "移动字幕",
  moveHow: "拖动，或使用方向键；按住 Shift 小步移动。Home 键复位。",
  openWindow: "在独立窗口中显示",
  closeWindow: "返回页面",
  inWindow: "字幕正在独立窗口中显示。",
  latest: "最新文字",
  speaker: "发言人 {n}",
  you: "我",
  tab: "标签页",
  asking: "等待授权…",
  connecting: "正在连接…",
  queued: "正在排队：第 {n} 位",
  listening: "正在聆听",
  reconnecting: "连接已断开，正在重试…",
  stopping: "正在完成最后几句…",
  problems: {
    permission_denied: "浏览器无权使用麦克风。请在地址栏中允许，然后重新开始。",
    insecure_origin: "浏览器不允许此地址使用麦克风。请通过 https 打开页面，或在本机打开。",
    no_device: "未找到麦克风。请连接麦克风后重新开始。",
    device_busy: "麦克风正被其他程序占用。",
    device_lost: "麦克风或共享已断开。",
    cancelled: "未选择要聆听的内容。",
    no_tab_audio: "共享标签页时未包含声音。请重新开始并勾选“共享标签页音频”。",
    unsupported: "此浏览器无法采集该声音。",
    not_authorised: "服务器需要密钥，或不接受所提供的密钥。",
    overloaded: "服务器已满，请稍后再试。",
    connection_lost: "无法连接服务器。",
    other: "字幕已停止：{message}",
  },
};

/** The words of a language; English where there are none. */
export function wordsFor(language: string): Words {
  const [primary = ""] = language.toLowerCase().split("-");
  return { de, zh }[primary] ?? en;
}

/** What is wrong, and what to do. */
export function problem(words: Words, error: unknown): string {
  const { code = "", message = String(error) } = (error ?? {}) as { code?: string; message?: string };
  const known = Object.hasOwn(words.problems, code) ? words.problems[code] : words.problems["other"];
  return (known ?? message).replace("{message}", message);
}
