"""Jobs: recordings handed in at once, whose text is fetched when it is there.

What a job is, who may see it and how it ends is in :mod:`~streaming.rest.jobs.job`; it lies in a
:mod:`~streaming.rest.jobs.folder` of its own on disk, so that it survives whatever ends the
process. ``docs/jobs.md`` says how they are used.
"""
