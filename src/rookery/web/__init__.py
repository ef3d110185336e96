"""Pages for people: rendered here, over the services' rules, working without a script."""

from rookery.core.routes import Route
from rookery.web.conversation import ConversationPages
from rookery.web.entry import EntryPages
from rookery.web.explore import ExplorePages
from rookery.web.profile import ProfilePages
from rookery.web.reactions import ReactionForms
from rookery.web.relations import RelationPages
from rookery.web.settings import SettingsPages
from rookery.web.site import Site
from rookery.web.timeline import TimelinePages
from rookery.web.writing import WritingForms


def routes(site: Site) -> list[Route]:
    """Every page and form."""
    entry = EntryPages(site)
    return [
        *TimelinePages(site).routes(),
        *entry.routes(),
        *WritingForms(site).routes(),
        *ConversationPages(site).routes(),
        *ReactionForms(site).routes(),
        *ProfilePages(site).routes(),
        *ExplorePages(site).routes(),
        *RelationPages(site).routes(),
        *SettingsPages(site, entry).routes(),
        *site.statics.routes(),
    ]
