"""Whisper on CTranslate2: the only module that imports the model libraries.

Windows are as long as the speech in them, not 30 s: the encoder takes them, and costs a twentieth
(``docs/adr/0002-short-windows.md``). Rows of a batch have one length when they are decoded. On a
CPU each is encoded at its own, and filled up behind that (:mod:`streaming.engine.ending`); on a
GPU, whose memory the encoder's output doesn't leave, shorter ones are padded with digital silence
before. Whisper: Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", 2022.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer

from streaming.confidence import MEASURED, Calibration
from streaming.decoding import DecodeRequest, Hypothesis, Task, Word
from streaming.engine.base import BatchKey, EngineInfo
from streaming.engine.contract import check_contract
from streaming.engine.encoder import Encoded, Encoder
from streaming.engine.faults import decoding, loading
from streaming.engine.pauses import find_pauses, lead_of, settle
from streaming.engine.prompts import Prompts
from streaming.engine.stages import ALIGN, DECODER, LANGUAGE, WORDS, StageTimes
from streaming.engine.windows import bucket, max_length, token_cap
from streaming.engine.words import spans, timed_words, token_starts, untimed_words
from streaming.errors import EngineFault
from streaming.language import choose_language

# Languages whose tokens the tokenizer splits by character, not at spaces.
_UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})


class WhisperEngine:
    """One loaded model; :meth:`decode` may be called from ``concurrency`` threads at once."""

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        device: str = "cpu",
        device_index: int = 0,
        compute_type: str = "int8",
        workers: int = 1,
        threads_per_worker: int = 1,
        max_batch: int = 8,
        memory: Callable[[], int | None] = lambda: None,
        calibration: Calibration = MEASURED,
        lead_ms: int | None = None,
    ) -> None:
        """Load the model in ``path``; ModelUnavailable or BadConfiguration say why it can't be."""
        place = device if device == "cpu" else f"{device}:{device_index}"
        with loading(name, place, compute_type):
            self._model = ctranslate2.models.Whisper(
                str(path),
                device=device,
                device_index=device_index,
                compute_type=compute_type,
                inter_threads=workers,
                intra_threads=threads_per_worker,
            )
            self._vocabulary = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
            languages = tuple(
                code
                for code in _LANGUAGE_CODES
                if self._vocabulary.token_to_id(f"<|{code}|>") is not None
            )
            check_contract(self._model, self._vocabulary, path, len(languages))
            self._stages = StageTimes()
            self._encoder = Encoder(
                functools.partial(FeatureExtractor(feature_size=self._model.n_mels), padding=0),
                lambda features: self._model.encode(features),
                ctranslate2.StorageView.from_array,
                self._stages,
                one_by_one=device == "cpu",
            )
        self._multilingual: bool = self._model.is_multilingual
        self._closed = False
        self._memory = memory
        self._calibration = calibration
        self._lead_ms = lead_of(name) if lead_ms is None else lead_ms
        self._info = EngineInfo(
            model=name,
            device=place,
            compute_type=self._model.compute_type,
            languages=languages if self._multilingual else ("en",),
            concurrency=workers,
            max_batch=max_batch,
        )
        self._tokenizer = functools.lru_cache(maxsize=256)(self._make_tokenizer)
        self._prompts = Prompts(self._tokenizer)

    @property
    def info(self) -> EngineInfo:
        """What is loaded, and where."""
        return self._info

    def memory_used_bytes(self) -> int | None:
        """Memory in use on the GPU, or None on the CPU."""
        return self._memory()

    def stage_seconds(self) -> Mapping[str, float]:
        """Where the time has gone."""
        return self._stages.seconds()

    def close(self) -> None:
        """Unload the model. Replicas of it that have been used would go on: they are told, too."""
        self._closed = True
        self._model.unload_model()

    def batch_key(self, request: DecodeRequest) -> BatchKey:
        """Group by what one ``generate`` call demands of its rows.

        Start-of-transcript at one position (so: prompts of one length) and as many task tokens.
        """
        return BatchKey((request.again, self._prompts.length(request)), bucket(request))

    def decode(self, requests: Sequence[DecodeRequest], *, beam: int = 1) -> list[Hypothesis]:
        """Decode requests of one batch key in one pass through encoder and decoder.

        Raises EngineFault where CTranslate2 fails, and once the engine is closed.
        """
        if self._closed:
            raise EngineFault("the speech engine has been closed")
        if not requests:
            return []
        with decoding(self._info.device, len(requests)):
            return self._decode(requests, beam)

    def _decode(self, requests: Sequence[DecodeRequest], beam: int) -> list[Hypothesis]:
        stages = self._stages
        heard = self._encoder.encode(requests)
        encoded = heard.batch
        with stages.spent_on(LANGUAGE):
            languages = self._languages(heard, requests)
        prefixes = [self._prompts.prefix(request) for request in requests]
        prompts = [
            [*self._prompts.full(request, language), *prefix]
            for request, (language, _), prefix in zip(requests, languages, prefixes, strict=True)
        ]
        caps = [
            token_cap(request, language)
            for request, (language, _) in zip(requests, languages, strict=True)
        ]
        untimed = not all(request.words for request in requests)
        with stages.spent_on(DECODER):
            results = self._model.generate(
                encoded,
                prompts,
                beam_size=beam,
                max_length=max(
                    max_length(cap + len(prefix), len(prompt))
                    for cap, prefix, prompt in zip(caps, prefixes, prompts, strict=True)
                ),
                return_scores=True,
                return_no_speech_prob=True,
                return_logits_vocab=untimed,
            )
        eot = self._prompts.eot
        # The call's cap is that of the longest row; what a shorter one said beyond its own is cut,
        # so that no row's answer hangs on what it was batched with. A prefix is said again first.
        tokens = [
            [token for token in result.sequences_ids[0] if token < eot][: len(prefix) + cap]
            for result, prefix, cap in zip(results, prefixes, caps, strict=True)
        ]
        given = [len(prefix) for prefix in prefixes]
        probabilities = (
            [
                _probabilities(result, len(row), known)
                for result, row, known in zip(results, tokens, given, strict=True)
            ]
            if untimed
            else None
        )
        words = self._words(encoded, requests, languages, tokens, given, probabilities)
        out: list[Hypothesis] = []
        for i, result in enumerate(results):
            count = len(tokens[i]) - given[i]
            text = "".join(word.text for word in words[i]).strip()
            out.append(
                Hypothesis(
                    text=text,
                    words=words[i] if text else (),
                    language=languages[i][0],
                    language_confidence=round(languages[i][1], 4),
                    average_logprob=_mean_logprob(result, given[i]),
                    no_speech=float(result.no_speech_prob),
                    token_count=count,
                    looped=count >= caps[i] - 1,
                )
            )
        return out

    # -- language ------------------------------------------------------------------------------

    def _languages(
        self, encoded: Encoded, requests: Sequence[DecodeRequest]
    ) -> list[tuple[str, float]]:
        """Return each row's language and the probability given to it.

        What fills a row up behind its own window would have a say in it.
        """
        if not self._multilingual:
            return [("en", 1.0)] * len(requests)
        asking = [i for i, request in enumerate(requests) if not request.language.fixed]
        heard: dict[int, list[tuple[str, float]]] = {}
        if asking:
            if encoded.alone is not None:
                found = [self._model.detect_language(encoded.alone[i])[0] for i in asking]
            else:
                everyone = self._model.detect_language(encoded.batch)
                found = [everyone[i] for i in asking]
            for i, row in zip(asking, found, strict=True):
                heard[i] = [(token[2:-2], probability) for token, probability in row]
        return [
            choose_language(request.language, heard.get(i, []), len(request.audio))
            for i, request in enumerate(requests)
        ]

    # -- text ----------------------------------------------------------------------------------

    def _make_tokenizer(self, language: str, task: str) -> Tokenizer:
        return Tokenizer(self._vocabulary, self._multilingual, task=task, language=language)

    def _words(
        self,
        encoded: Any,
        requests: Sequence[DecodeRequest],
        languages: Sequence[tuple[str, float]],
        tokens: Sequence[list[int]],
        given: Sequence[int],
        probabilities: Sequence[list[float]] | None,
    ) -> list[tuple[Word, ...]]:
        """Split each row's tokens into words, and align those rows that want times.

        Alignment gives the probabilities of the words' tokens too; without, they are handed in.
        Words of the first tokens, ``given`` as a prefix, are left out.
        """
        out: list[tuple[Word, ...]] = [()] * len(requests)
        for key in {
            (language, request.task.value)
            for request, (language, _) in zip(requests, languages, strict=True)
        }:
            mine = [
                i
                for i, request in enumerate(requests)
                if (languages[i][0], request.task.value) == key and tokens[i]
            ]
            tokenizer = self._tokenizer(*key)
            # What is translated is English, whatever was spoken.
            written = "en" if key[1] == Task.TRANSLATE else key[0]
            spaced = written not in _UNSPACED
            splitter = self._tokenizer(written, key[1])
            with self._stages.spent_on(WORDS):
                split = {i: spans(*_split(splitter, tokens[i]), spaced=spaced) for i in mine}
                own = {i: [span.first >= given[i] for span in split[i]] for i in mine}
            timed = [i for i in mine if requests[i].words]
            for i in mine:
                known = probabilities[i] if probabilities is not None else None
                out[i] = _chosen(untimed_words(split[i], known, self._calibration), own[i])
            if not timed:
                continue
            # The encoder's output can't be sliced by row: the others ride along without text.
            with self._stages.spent_on(ALIGN):
                aligned = self._model.align(
                    encoded,
                    tokenizer.sot_sequence,
                    [tokens[i] if i in timed else [] for i in range(len(requests))],
                    [max(2, len(request.audio) // 160) for request in requests],
                    median_filter_width=7,
                )
            with self._stages.spent_on(WORDS):
                for i in timed:
                    duration_ms = requests[i].duration_ms
                    aligned_words = timed_words(
                        split[i],
                        token_starts(aligned[i].alignments, len(tokens[i])),
                        aligned[i].text_token_probs,
                        duration_ms,
                        self._calibration,
                    )
                    pauses = find_pauses(requests[i].audio)
                    settled = settle(aligned_words, pauses, duration_ms, self._lead_ms)
                    out[i] = _chosen(settled, own[i])
        return out


def _chosen(words: Sequence[Word], own: Sequence[bool]) -> tuple[Word, ...]:
    return tuple(word for word, is_own in zip(words, own, strict=True) if is_own)


def _mean_logprob(result: Any, given: int) -> float:
    """Return the mean log-probability of the tokens behind those that were given.

    CTranslate2 adds up only these, and divides by the number of all.
    """
    count = len(result.sequences_ids[0])
    return float(result.scores[0]) * count / max(1, count - given)


def _probabilities(result: Any, count: int, given: int) -> list[float]:
    """Return the probability of each of the first ``count`` tokens of a greedy result.

    Those ``given`` as a prefix are certain.
    """
    out = [1.0] * given
    for logits, token in zip(
        result.logits[0][given:count], result.sequences_ids[0][given:], strict=False
    ):
        row = np.asarray(logits).reshape(-1)
        # The chosen token has the greatest logit, so that nothing overflows.
        out.append(float(1.0 / np.exp(row - row[token]).sum()))
    return out


def _split(tokenizer: Tokenizer, tokens: list[int]) -> tuple[list[str], list[list[int]]]:
    words, ids = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    return words[:-1], ids[:-1]
