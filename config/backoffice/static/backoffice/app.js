// Charts from data that stands in the page (json_script), and small manners of forms. No request leaves the machine.
(() => {
    "use strict";
    const charts = [];
    const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--bo-${name.replace("_", "-")}`).trim() || "#888";
    const spaced = value => value === null ? "–" : new Intl.NumberFormat("en", { maximumFractionDigits: 2 }).format(value).replaceAll(",", "\u00a0").replace("-", "−");

    // What is drawn on top is not named first for it.
    const asListed = (one, other) => one.datasetIndex - other.datasetIndex;

    function datasets(chart) {
        return chart.series.map(series => ({
            label: series.label,
            data: series.data,
            type: series.kind === "bar" ? "bar" : "line",
            borderColor: colour(series.colour),
            backgroundColor: series.kind === "bar" ? colour(series.colour) : "transparent",
            borderWidth: series.kind === "bar" ? 0 : 2,
            borderDash: series.colour === "previous" ? [4, 3] : [],
            borderRadius: 2,
            pointRadius: 0,
            pointHitRadius: 8,
            tension: 0.2,
            cubicInterpolationMode: "monotone",
            stack: series.stack || undefined,
            order: series.kind === "bar" ? 2 : Number(series.colour === "previous"),
        }));
    }

    function slices(chart) {
        const [series] = chart.series;
        return {
            type: "pie",
            data: { labels: chart.labels, datasets: [{ label: series.label, data: series.data, backgroundColor: series.colours.map(colour), borderColor: colour("surface"), borderWidth: 2 }] },
            options: { animation: false, maintainAspectRatio: false, plugins: { legend: { position: "right", labels: { color: colour("muted") } }, tooltip: { callbacks: { label: item => `${item.label}: ${spaced(item.raw)}` } } } },
        };
    }

    function draw(canvas) {
        const source = document.getElementById(canvas.dataset.chart);
        if (!source || typeof Chart === "undefined") return;
        const chart = JSON.parse(source.textContent);
        fillTable(canvas.dataset.chart, chart);
        if (chart.pie) {
            charts.push(new Chart(canvas, slices(chart)));
            return;
        }
        charts.push(new Chart(canvas, {
            type: "bar",
            data: { labels: chart.labels, datasets: datasets(chart) },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                plugins: {
                    legend: { display: chart.series.length > 1, position: "bottom", align: "start", labels: { boxWidth: 12, boxHeight: 2, color: colour("muted"), sort: asListed } },
                    tooltip: { itemSort: asListed, callbacks: { label: item => `${item.dataset.label}: ${spaced(item.raw)}${chart.unit ? " " + chart.unit : ""}` } },
                },
                scales: {
                    x: { stacked: Boolean(chart.stacked), grid: { display: false }, ticks: { color: colour("muted"), maxRotation: 0, autoSkipPadding: 16 }, border: { color: colour("line") } },
                    y: { stacked: Boolean(chart.stacked), beginAtZero: true, grid: { color: colour("line") }, border: { display: false }, ticks: { color: colour("muted"), maxTicksLimit: 5, callback: spaced } },
                },
            },
        }));
    }

    function fillTable(id, chart) {
        const body = document.querySelector(`[data-table-of="${CSS.escape(id)}"]`);
        if (!body || body.childElementCount) return;
        chart.labels.forEach((label, index) => {
            const row = body.insertRow();
            row.insertCell().textContent = chart.incomplete_last && index === chart.labels.length - 1 ? `${label} (so far)` : label;
            chart.series.forEach(series => {
                const cell = row.insertCell();
                cell.className = "bo-num";
                cell.dataset.label = series.label;
                cell.textContent = spaced(series.data[index]);
            });
        });
    }

    function drawAll() {
        charts.splice(0).forEach(chart => chart.destroy());
        document.querySelectorAll("canvas[data-chart]").forEach(draw);
    }

    document.addEventListener("DOMContentLoaded", () => {
        drawAll();
        new MutationObserver(drawAll).observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    });

    // Lines of a form that make sense only beside certain choices: `field:value,value`.
    function fitLines(form) {
        form.querySelectorAll("[data-shown-if], [data-shown-unless]").forEach(each => {
            const [name, values] = (each.dataset.shownIf || each.dataset.shownUnless).split(":");
            const chosen = values.split(",").includes(form.elements[name]?.value);
            each.hidden = each.dataset.shownIf ? !chosen : chosen;
        });
        form.querySelectorAll("[data-list-of]").forEach(each => each.setAttribute("list", `${each.dataset.listPrefix || ""}${form.elements[each.dataset.listOf]?.value}${each.dataset.listSuffix || ""}`));
    }
    // Names that were really sent, offered while one types.
    async function suggest(form) {
        const names = await fetch(form.dataset.ask).then(answer => answer.json()).catch(() => ({}));
        const lists = [...Object.entries(names), ...Object.entries(names.properties || {}).map(([owner, values]) => [`of-${owner}`, values])];
        lists.forEach(([list, values]) => document.getElementById(list)?.replaceChildren(
            ...values.map(value => Object.assign(document.createElement("option"), { value }))
        ));
    }
    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("form[data-ask]").forEach(form => { fitLines(form); suggest(form); }));
    document.addEventListener("change", event => { const form = event.target.closest("form[data-ask]"); if (form) fitLines(form); });

    // A part of the page that takes its time: loaded by itself, with progress and a way to stop it after two seconds.
    async function load(place) {
        const waiting = place.dataset.query ? setTimeout(() => watch(place), 2000) : 0;
        try {
            const answer = await fetch(place.dataset.load, { headers: { "X-Requested-With": "fetch" } });
            if (!answer.ok) throw new Error(answer.statusText);
            place.innerHTML = await answer.text();
            place.querySelectorAll("canvas[data-chart]").forEach(draw);
        } catch {
            place.replaceChildren(Object.assign(document.createElement("p"), { className: "bo-notice", textContent: "The answer did not arrive. Reload the page to ask again." }));
        } finally {
            clearTimeout(waiting);
            place.dataset.loaded = "yes";
        }
    }

    async function watch(place) {
        const note = place.querySelector("p");
        const button = Object.assign(document.createElement("button"), { type: "button", className: "bo-button", textContent: "Cancel" });
        button.addEventListener("click", () => fetch(place.dataset.progress, {
            method: "POST",
            headers: { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]")?.value || "" },
            body: new URLSearchParams({ query: place.dataset.query }),
        }));
        place.append(button);
        while (!place.dataset.loaded) {
            const state = await fetch(`${place.dataset.progress}?query=${place.dataset.query}`).then(answer => answer.json()).catch(() => ({}));
            if (state.running && !place.dataset.loaded) note.textContent = `Counting, step ${state.done + 1} of ${state.of}, ${Math.round(state.seconds)} seconds so far …`;
            await new Promise(next => setTimeout(next, 1000));
        }
    }

    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-load]").forEach(load));

    // A second click does not send a second time; a button that says what is going on instead of nothing.
    document.addEventListener("submit", event => {
        const button = event.submitter;
        if (!button || !button.dataset.busy || event.defaultPrevented) return;
        setTimeout(() => { button.disabled = true; button.textContent = button.dataset.busy; }, 0);
    });

    // One menu at a time; a click beside it or Escape closes it.
    const closeMenus = except => document.querySelectorAll(".bo-menu[open]").forEach(menu => { if (menu !== except) menu.open = false; });
    document.addEventListener("click", event => closeMenus(event.target.closest(".bo-menu")));
    document.addEventListener("keydown", event => { if (event.key === "Escape") closeMenus(null); });
    document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-vanish]").forEach(each => setTimeout(() => each.remove(), Number(each.dataset.vanish))));

    // Lists ask for shorter pages where a row is a card.
    const narrow = matchMedia("(max-width: 640px)");
    const sayNarrow = () => { document.cookie = `narrow=${narrow.matches ? 1 : 0}; path=/admin/; SameSite=Lax`; };
    sayNarrow();
    narrow.addEventListener("change", sayNarrow);

    // One box that ticks all boxes of a name.
    document.addEventListener("change", event => {
        const all = event.target.closest("[data-check-all]");
        if (all) document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(all.dataset.checkAll)}"]`).forEach(each => { each.checked = all.checked; });
    });

    // What comes in while one looks: blocks that are fetched anew, unless somebody reads something in them.
    async function refresh(blocks) {
        const isRead = () => blocks.some(block => block.querySelector("details[open]"));
        if (document.hidden || isRead() || !getSelection().isCollapsed) return;
        const answer = await fetch(location.href).catch(() => null);
        if (!answer || !answer.ok || answer.redirected) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!isRead()) blocks.forEach(block => block.replaceChildren(...page.getElementById(block.id)?.childNodes ?? block.childNodes));
    }
    document.addEventListener("DOMContentLoaded", () => {
        const blocks = [...document.querySelectorAll("[data-live]")];
        if (blocks.length) setInterval(() => refresh(blocks), 1000 * blocks[0].dataset.live);
    });
    // One box that ticks all boxes of its row.
    document.addEventListener("change", event => {
        const row = event.target.closest("[data-check-row]");
        if (row) row.closest("tr").querySelectorAll("input[type=checkbox][name]").forEach(each => { each.checked = row.checked; });
    });

    document.addEventListener("click", event => { if (event.target.closest("[data-print]")) window.print(); });
})();
