"""Phrases out of subtitles, told from what is only like them."""

from __future__ import annotations

import pytest

from streaming.stock import Stock, stock


@pytest.mark.parametrize(
    "text",
    [
        "Thank you.", "thank you very much!", "Bye-bye.", "You", "Vielen Dank.", "Merci.",
        "¡Gracias!", "Obrigado.", "Grazie.", "谢谢大家。", "ありがとうございました。",
        "감사합니다.",
        "Thank you. Thank you. Thank you.", "Bye. Bye.",
    ],
)  # fmt: skip
def test_what_is_said_in_films(text: str) -> None:
    assert stock(text) is Stock.SPOKEN


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for watching!", "Please subscribe to my channel.", "Thank you for watching.",
        "Subtitles by the Amara.org community", "Transcription by CastingWords",
        "Untertitel der Amara.org-Community", "Untertitelung des ZDF, 2020",
        "Untertitel im Auftrag des ZDF für funk, 2017", "Vielen Dank fürs Zuschauen!",
        "Sous-titres réalisés para la communauté d'Amara.org", "Sous-titrage ST' 501",
        "Merci d'avoir regardé cette vidéo !", "Subtítulos por la comunidad de Amara.org",
        "¡Gracias por ver el video!", "Legendas pela comunidade Amara.org", "Legendado por Ana",
        "Sottotitoli creati dalla comunità Amara.org", "Sottotitoli e revisione a cura di QTSS",
        "字幕由Amara.org社区提供", "字幕by索兰娅", "中文字幕志愿者 李宗盛", "谢谢观看！",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", "ご視聴ありがとうございました。",
        "시청해주셔서 감사합니다.", "한글자막 by 박진희",
    ],
)  # fmt: skip
def test_what_is_written_under_them(text: str) -> None:
    assert stock(text) is Stock.CREDIT


@pytest.mark.parametrize(
    "text",
    [
        "", ".", "Thank you for the flowers.", "I watched the subtitles.", "You are late.",
        "The train leaves.", "We thank you.", "yes", "no", "Danke, und dir?", "Untertürkheim",
        "The bylaws", "Bye for now, Erfurt.", "你好", "もしもし", "여보세요",
    ],
)  # fmt: skip
def test_what_only_begins_like_it(text: str) -> None:
    assert stock(text) is None
