"""A double of what the plug-in uses of PyGTK: gimpfu's dialog with its Cancel button."""

RESPONSE_CANCEL = -6
events = []
"""What the painter does next: functions."""
_windows = []


class Dialog(object):
    def __init__(self):
        self.sensitive, self.handlers = {RESPONSE_CANCEL: False}, []
        _windows.append(self)

    def set_response_sensitive(self, response, setting):
        self.sensitive[response] = setting

    def connect(self, signal, handler):
        assert signal == "response"
        self.handlers.append(handler)

    def press(self, response):
        if self.sensitive[response]:
            for handler in self.handlers:
                handler(self, response)

    def destroy(self):
        _windows.remove(self)


def window_list_toplevels():
    return list(_windows)


def events_pending():
    return bool(events)


def main_iteration(block):
    events.pop(0)()
