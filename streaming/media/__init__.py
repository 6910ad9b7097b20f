"""Media files and raw streams to 16 kHz sample blocks, piece by piece, through FFmpeg's libraries.

FFmpeg comes with PyAV; no other program is needed. It runs in a process of its own, so that no file
can end ours, and only ever reads the one file that it is given: many
formats are playlists that name other files or addresses, and following them would let an uploaded
file read anything the server can. What is damaged is decoded as far as it goes, what is missing in
the middle is silence in its place, and :attr:`Media.damage` says what was lost. (Some losses no
one can see: a WAV file cut short is a shorter WAV file to FFmpeg.)
"""

from __future__ import annotations

from streaming.media.base import Media, MediaError, MediaInfo
from streaming.media.file import open_media
from streaming.media.pcm import open_pcm
from streaming.media.sound import Sound

__all__ = ["Media", "MediaError", "MediaInfo", "Sound", "open_media", "open_pcm"]
