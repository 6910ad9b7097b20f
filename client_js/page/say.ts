/** One language of the page: its messages, and figures as it writes them. Pure. */

import { localeNames, messages, type Locale, type Messages } from "./messages/index.js";

export class Say {
  readonly locale: Locale;
  readonly messages: Messages;
  readonly #number: Intl.NumberFormat;
  readonly #percent: Intl.NumberFormat;
  readonly #figure: Intl.NumberFormat;
  readonly #units: Readonly<Record<"hour" | "minute" | "second", Intl.NumberFormat>>;

  constructor(locale: Locale) {
    this.locale = locale;
    this.messages = messages[locale];
    const { tag } = this;
    const unit = (name: string) =>
      new Intl.NumberFormat(tag, { style: "unit", unit: name, unitDisplay: "short" });
    this.#number = new Intl.NumberFormat(tag);
    this.#percent = new Intl.NumberFormat(tag, { style: "percent" });
    this.#figure = new Intl.NumberFormat(tag, {
      style: "unit", unit: "second", unitDisplay: "narrow", minimumFractionDigits: 1, maximumFractionDigits: 1,
    });
    this.#units = { hour: unit("hour"), minute: unit("minute"), second: unit("second") };
  }

  /** As BCP 47 has it. */
  get tag(): string {
    return localeNames[this.locale].tag;
  }

  number(value: number): string {
    return this.#number.format(value);
  }

  /** `share` is 0 to 1; only what is whole is 100 %. */
  percent(share: number): string {
    return this.#percent.format(Math.floor(Math.min(1, Math.max(0, share)) * 100) / 100);
  }

  /** Seconds with a tenth, for a place with little room. */
  figure(ms: number): string {
    return this.#figure.format(ms / 1000);
  }

  /** A stretch of time in the two units that matter, whole seconds at the least. */
  time(ms: number): string {
    const seconds = Math.max(0, Math.ceil(ms / 1000));
    const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const { hour, minute, second } = this.#units;
    if (h > 0) return m > 0 ? `${hour.format(h)} ${minute.format(m)}` : hour.format(h);
    if (m > 0) return s > 0 ? `${minute.format(m)} ${second.format(s)}` : minute.format(m);
    return second.format(s);
  }
}
