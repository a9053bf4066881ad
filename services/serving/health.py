"""Whether this worker may be sent requests, and why not. Each state has one way in."""

from enum import Enum

from services.serving.errors import NotReadyError


class State(Enum):
    LOADING = "loading"
    READY = "ready"
    BROKEN = "broken"
    DRAINING = "draining"


_SENTENCES = {
    State.LOADING: "the model is loading",
    State.BROKEN: "the model does not answer",
    State.DRAINING: "this instance is shutting down",
}


class Health:
    """Draining is final; a broken model may recover when its self-test passes again."""

    def __init__(self) -> None:
        self.state = State.LOADING

    def passed_self_test(self) -> None:
        if self.state is not State.DRAINING:
            self.state = State.READY

    def failed(self) -> None:
        if self.state is not State.DRAINING:
            self.state = State.BROKEN

    def drain(self) -> None:
        self.state = State.DRAINING

    def require_ready(self) -> None:
        """Raise NotReadyError unless ready."""
        if self.state is not State.READY:
            raise NotReadyError(self.state.value, _SENTENCES[self.state])
