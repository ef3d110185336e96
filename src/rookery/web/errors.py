"""Problems as pages; who must be signed in for a page is sent to log in, and back to it afterwards."""

from urllib.parse import urlencode

from rookery.core.errors import STATUS
from rookery.core.routes import Answer, Refused
from rookery.web.forms import HTML, came_from, local_path, see_other
from rookery.web.site import Site


class ErrorPages:
    """Shows what went wrong, without asking the engine for anything: that may be what failed."""

    def __init__(self, site: Site) -> None:
        self._page = site.templates.get_template("error.html")

    async def show(self, refused: Refused) -> Answer:
        """The page of a problem."""
        problem = refused.problem
        if problem.code == "not_signed_in":
            # A form is not posted again after the log-in: one comes out where it was.
            here = refused.path if refused.method == "GET" else came_from(refused.headers)
            wanted = local_path(here)
            return see_other(f"/login?{urlencode({'back': wanted})}")
        status, title = STATUS[problem.code]
        body = self._page.render(
            status=status,
            title=title,
            detail=problem.detail,
            code=problem.code,
            viewer=None,
            path=refused.path,
        )
        return Answer(body.encode(), (), HTML, status=status)
