"""Phrases that Whisper knows from subtitles and says where nobody speaks.

A phrase alone proves nothing: people do say "thank you". What makes it doubtful is in
:func:`streaming.quality.not_speech`.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from streaming.stabilizer import normalized


class Stock(Enum):
    """How a phrase comes to be in subtitles: said in them, or written under them."""

    SPOKEN = auto()
    CREDIT = auto()


# Whole texts, by language; without case, punctuation and spaces.
_SPOKEN: Final = """
    Thank you | Thank you very much | Thank you so much | Thanks | Thank you bye | Bye | Bye bye
    You | Okay | Oh | Yeah | So | The | I'm sorry | Mm | Hmm | Uh | Um | Huh | All right
    Vielen Dank | Danke | Danke schön | Tschüss | Ja | Bis zum nächsten Mal | Das war's
    Merci | Merci beaucoup | Au revoir | Oui | À bientôt
    Gracias | Muchas gracias | Adiós | Sí | Hasta la próxima
    Grazie | Grazie mille | Ciao | Sì | Alla prossima
    Obrigado | Obrigada | Muito obrigado | Tchau | E aí | Até a próxima
    谢谢 | 謝謝 | 谢谢大家 | 謝謝大家 | 再见 | 嗯
    ありがとうございました | ありがとうございます | おやすみなさい | はい | うん | ん
    감사합니다 | 고맙습니다 | 네 | 안녕히 계세요
"""
_CREDIT: Final = """
    Thanks for watching | Thank you for watching | Thank you for watching this video
    Thanks for watching and see you next time | Thanks for listening | Please subscribe
    Please subscribe to my channel | Please like and subscribe | Don't forget to subscribe
    See you in the next video | I'll see you in the next video | Subscribe
    Danke fürs Zuschauen | Vielen Dank fürs Zuschauen | Vielen Dank für's Zuschauen
    Danke fürs Zuhören | Bis zum nächsten Video
    Merci d'avoir regardé cette vidéo | Merci d'avoir regardé | Abonnez-vous
    Gracias por ver el video | Gracias por ver el vídeo | Gracias por ver | Suscríbete
    ¡Suscríbete al canal!
    Grazie per la visione | Grazie per aver guardato il video | Iscriviti al canale
    Obrigado por assistir | Inscreva-se no canal
    谢谢观看 | 謝謝觀看 | 谢谢收看 | 謝謝收看 | 感谢观看 | 感謝觀看
    请不吝点赞 订阅 转发 打赏支持明镜与点点栏目
    ご視聴ありがとうございました | 最後までご視聴いただきありがとうございました
    チャンネル登録をお願いします | チャンネル登録よろしくお願いします
    시청해주셔서 감사합니다 | 시청해 주셔서 감사합니다 | 구독과 좋아요 부탁드립니다
    다음 영상에서 만나요
"""
# Beginnings and insides of texts that name who wrote the subtitles; of the same plain form.
_CREDITED: Final = re.compile(
    r"amaraorg|subtitlesby|subtitledby|captionsby|captioningby|transcriptionby|transcribedby"
    r"|castingwords|subsbywww|^untertitel(ung|im|von|der)|swr20\d\d|wdr20\d\d|zdf(für|20\d\d)"
    r"|^soustitr(es|age)|^subtítulos|^subtitulado|^legendas(pela|por)|^legendado"
    r"|^sottotitoli|qtss$|字幕(由|by|志愿|志願|製作|制作)|^한글자막|자막제공"
)


def _plain(text: str) -> str:
    return normalized(text)


def _phrases(listed: str) -> frozenset[str]:
    return frozenset(_plain(each) for line in listed.splitlines() for each in line.split("|"))


_SPOKEN_PLAIN: Final = _phrases(_SPOKEN) - {""}
_CREDIT_PLAIN: Final = _phrases(_CREDIT) - {""}


def stock(text: str) -> Stock | None:
    """Return what kind of stock phrase the whole text is, once or several times over, or None."""
    plain = _plain(text)
    if _CREDITED.search(plain) or _repeats(plain, _CREDIT_PLAIN):
        return Stock.CREDIT
    return Stock.SPOKEN if _repeats(plain, _SPOKEN_PLAIN) else None


def _repeats(plain: str, phrases: frozenset[str]) -> bool:
    """Whether the text is one of the phrases, or one of them again and again."""
    if not plain:
        return False
    size = (plain + plain).find(plain, 1)  # the least period
    return plain in phrases or plain[:size] in phrases
