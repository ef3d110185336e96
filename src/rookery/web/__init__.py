"""Pages for people: rendered here, over the services' rules, working without a script."""

from rookery.core.routes import Route
from rookery.web.conversation import ConversationPages
from rookery.web.entry import EntryPages
from rookery.web.profile import ProfilePages
from rookery.web.reactions import ReactionForms
from rookery.web.site import Site
from rookery.web.timeline import TimelinePages
from rookery.web.writing import WritingForms


def routes(site: Site) -> list[Route]:
    """Every page and form."""
    return [
        *TimelinePages(site).routes(),
        *EntryPages(site).routes(),
        *WritingForms(site).routes(),
        *ConversationPages(site).routes(),
        *ReactionForms(site).routes(),
        *ProfilePages(site).routes(),
        *site.statics.routes(),
    ]
