// Charts from data that stands in the page (json_script), and small manners of forms. No request leaves the machine.
(() => {
    "use strict";
    const charts = [];
    const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--bo-${name.replace("_", "-")}`).trim() || "#888";
    const spaced = value => value === null ? "–" : new Intl.NumberFormat("en", { maximumFractionDigits: 2 }).format(value).replaceAll(",", "\u00a0").replace("-", "−");

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
            stack: series.stack || undefined,
            order: series.colour === "previous" ? 1 : 0,
        }));
    }

    function draw(canvas) {
        const source = document.getElementById(canvas.dataset.chart);
        if (!source || typeof Chart === "undefined") return;
        const chart = JSON.parse(source.textContent);
        fillTable(canvas.dataset.chart, chart);
        charts.push(new Chart(canvas, {
            type: "bar",
            data: { labels: chart.labels, datasets: datasets(chart) },
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: "index", intersect: false },
                plugins: {
                    legend: { display: chart.series.length > 1, position: "bottom", align: "start", labels: { boxWidth: 12, boxHeight: 2, color: colour("muted") } },
                    tooltip: { callbacks: { label: item => `${item.dataset.label}: ${spaced(item.raw)}${chart.unit ? " " + chart.unit : ""}` } },
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

    // One box that ticks all boxes of its row.
    document.addEventListener("change", event => {
        const row = event.target.closest("[data-check-row]");
        if (row) row.closest("tr").querySelectorAll("input[type=checkbox][name]").forEach(each => { each.checked = row.checked; });
    });

    document.addEventListener("click", event => { if (event.target.closest("[data-print]")) window.print(); });

    document.addEventListener("click", event => {
        const button = event.target.closest("[data-copy]");
        if (!button) return;
        const source = document.getElementById(button.dataset.copy);
        navigator.clipboard?.writeText(source.textContent).then(() => { button.textContent = "Copied"; });
    });
})();
