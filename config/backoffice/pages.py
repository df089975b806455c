"""Pages and navigation that apps add to the admin. Each page knows its own permission."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

HOME = "today"
GROUPS = ("Customers", "Evidence", "Data", "Operations")


@dataclass(frozen=True)
class Page:
    """One place in the navigation: a page of our own (`view`) or the list of a model (`url_name`)."""

    name: str
    title: str
    group: str
    order: int
    icon: str
    permission: str
    view: Callable[..., HttpResponse] | None = None
    route: str = ""
    url_name: str = ""

    @property
    def url(self) -> str:
        return reverse(self.url_name or ("admin:index" if self.name == HOME else f"admin:{self.name}"))

    def is_allowed(self, request: HttpRequest) -> bool:
        return not self.permission or request.user.has_perm(self.permission)


_pages: dict[str, Page] = {}


def register_page(
    name: str,
    *,
    title: str,
    group: str = "",
    order: int = 100,
    icon: str = "article",
    permission: str,
    route: str | None = None,
):
    """Register a view as `admin:<name>` at /admin/<route or name>/; without a group it is not in the navigation.

    The page "today" is the admin's home. `permission` is a codename such as "signals.view_signal", "" for any staff.
    """

    def register(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        _add(Page(name, title, group, order, icon, permission, view, name if route is None else route))
        return view

    return register


def register_list(name: str, *, title: str, group: str, order: int, icon: str, permission: str, url_name: str) -> None:
    """Put the list page of a model (`admin:app_model_changelist`) into the navigation."""
    _add(Page(name, title, group, order, icon, permission, url_name=url_name))


def _add(page: Page) -> None:
    if page.name in _pages:
        raise ValueError(f"The page {page.name} is registered twice.")
    if page.group and page.group not in GROUPS:
        raise ValueError(f"The page {page.name} names an unknown group {page.group!r}.")
    _pages[page.name] = page


def all_pages() -> list[Page]:
    return sorted(_pages.values(), key=lambda page: (page.group, page.order, page.name))


def home() -> Page | None:
    return _pages.get(HOME)


def urls() -> list[URLPattern]:
    """The addresses of our own pages, guarded by their permissions."""
    return [
        path(f"{page.route}/" if page.route else "", admin.site.admin_view(guarded(page)), name=page.name)
        for page in all_pages()
        if page.view and page.name != HOME
    ]


def guarded(page: Page) -> Callable[..., HttpResponse]:
    """The page's view; 403 for staff without its permission."""

    def view(request: HttpRequest, **kwargs: object) -> HttpResponse:
        if not page.is_allowed(request):
            raise PermissionDenied
        return page.view(request, **kwargs)

    return view


def is_inside(page: Page, url: str, path: str) -> bool:
    """Whether a path belongs to a page: its own and those below it; every path is below the home, so only its own."""
    return path == url if page.name == HOME else path.startswith(url)


def navigation(request: HttpRequest) -> list[dict]:
    """The sidebar in the form the theme reads: groups of links this person may open, the deepest one marked."""
    addresses = {page: page.url for page in all_pages() if page.group}
    here = max((url for page, url in addresses.items() if is_inside(page, url, request.path)), key=len, default="")
    links: dict[str, list[dict]] = {group: [] for group in GROUPS}
    for page, url in addresses.items():
        if page.is_allowed(request):
            links[page.group].append({"title": page.title, "icon": page.icon, "link": url, "active": url == here})
    return [{"title": group, "separator": False, "items": items} for group, items in links.items() if items]


def render_page(
    request: HttpRequest, template: str, context: dict, *, title: str, status: int = 200
) -> TemplateResponse:
    """A page of our own inside the admin's frame."""
    request.current_app = admin.site.name
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}, status=status
    )
