"""A small InterpreterPoolExecutor over the forerunner of concurrent.interpreters, which has none itself.

As in 3.14, it is a thread pool in which each thread runs its tasks, pickled, in its own interpreter.
"""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_BEGIN = "import pickle, sys\nsys.path[:] = {path!r}\nfrom concurrent.interpreters.queues import Queue"
_RUN = """
task, arguments = pickle.loads(work)
Queue(results).put(task(*arguments))
"""


class InterpreterPoolExecutor(ThreadPoolExecutor):
    def __init__(self, workers: int, initializer: Callable[..., object], initargs: tuple[Any, ...]) -> None:
        super().__init__(workers, initializer=self._begin, initargs=(initializer, initargs))
        self._here = threading.local()
        self._interpreters: list[Any] = []

    def _begin(self, initializer: Callable[..., object], initargs: tuple[Any, ...]) -> None:
        from concurrent import interpreters  # type: ignore[attr-defined]

        self._here.interpreter, self._here.results = interpreters.create(), interpreters.create_queue()
        self._interpreters.append(self._here.interpreter)
        self._here.interpreter.exec(_BEGIN.format(path=sys.path))
        self._run(pickle.dumps((initializer, initargs)))

    def _run(self, work: bytes) -> Any:
        self._here.interpreter.prepare_main(work=work, results=self._here.results.id)
        self._here.interpreter.exec(_RUN)
        return self._here.results.get()

    def submit(self, task: Callable[..., Any], /, *arguments: Any) -> Future[Any]:  # type: ignore[override]
        return super().submit(self._run, pickle.dumps((task, arguments)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait, cancel_futures=cancel_futures)
        while self._interpreters:
            self._interpreters.pop().close()
