"""What the figures of a report mean, in short; docs/benchmarks.md says it at length."""

from __future__ import annotations

DEFINITIONS: tuple[tuple[str, str], ...] = (
    (
        "word first shown, stable, committed, final",
        "From the moment at which the end of a reference word was spoken, by the timetable, to the "
        "arrival of the first event with the word; of the last one by which it came to stay; of "
        "the first that says it will stay; of its final. Only words that the server got right have "
        "latencies: their share is given.",
    ),
    (
        "final after last word",
        "Arrival of a segment's final minus the end of the last reference word in it, by the "
        "reason of the final. Finals that silence brought about contain that silence.",
    ),
    (
        "ends by silence within an utterance",
        "Finals that speech's own end brought about, of whose utterance more words follow: a pause "
        "was taken for an end. An utterance is one recording of the set.",
    ),
    ("after finalize, after end", "Arrival of finals minus the sending of what asked for them."),
    (
        "error rate",
        "Edits of all texts over words (characters in Chinese and Japanese) of all references, "
        "after Whisper's normalisation.",
    ),
    ("erasure", "Words taken back for each word of the finals."),
    (
        "lost",
        "Seconds of audio that were sent but not counted by the server's `ended`; all of it where "
        "there was no `ended`.",
    ),
    (
        "failed",
        "Sessions that did not close with 1000 after `ended`, or broke a promise of the protocol.",
    ),
    (
        "open loop, own lateness",
        "Every chunk has an absolute moment at which it is due, whatever the server does. Own "
        "lateness is how much later the harness handed it over: where it is large, the harness was "
        "measured and not the server.",
    ),
    (
        "CPU seconds for a second of audio",
        "CPU time of the server's process and its children between the first handshake and the "
        "last event, over the audio sent. Stages are what the server itself counts at /metrics, by "
        "the wall clock inside each; the rest is what no stage accounts for.",
    ),
    ("p50, p95", "Median and 95th percentile, interpolated between values."),
)
