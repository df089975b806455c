// A form that is drawn by the server and redrawn while one works in it. Without this script its buttons do the same.
// form[data-redraw] names the address that answers the part anew; [data-redraw-part] is that part; a change of a
// [data-redraw-whole] control or a button redraws it whole, typing only its [data-redraw-count].
(() => {
    "use strict";
    const form = document.querySelector("form[data-redraw]");
    if (!form) return;
    const part = form.querySelector("[data-redraw-part]");
    const count = () => part.querySelector("[data-redraw-count]");
    let running = null, timer = null;

    function redraw(answer, whole, act) {
        if (!whole) {
            count().replaceWith(answer.querySelector("[data-redraw-count]"));
            return;
        }
        const id = document.activeElement?.id;
        part.replaceChildren(...answer.body.childNodes);
        const fresh = act.startsWith("add:") || act === "group" ? [...part.querySelectorAll("[data-redraw-focus]")].pop() : null;
        const same = id ? document.getElementById(id) : null;
        (fresh || same || part.querySelector("button"))?.focus();
    }

    async function refresh(act, whole) {
        clearTimeout(timer);
        running?.abort();
        running = new AbortController();
        const data = new FormData(form);
        data.set("act", act);
        const waiting = setTimeout(() => count().classList.add("bo-busy"), 300);
        try {
            const response = await fetch(form.dataset.redraw, { method: "POST", body: data, signal: running.signal });
            if (!response.ok) throw new Error(response.status);
            redraw(new DOMParser().parseFromString(await response.text(), "text/html"), whole, act);
        } catch (error) {
            if (error.name !== "AbortError") count().textContent = "Counting did not work; check the connection and change something to try again.";
        } finally {
            clearTimeout(waiting);
        }
    }

    form.addEventListener("change", event => { if (event.target.matches("[data-redraw-whole]")) refresh("", true); });
    form.addEventListener("input", event => {
        if (event.target.name === "name" || event.target.matches("select")) return;
        clearTimeout(timer);
        timer = setTimeout(() => refresh("", false), 500);
    });
    form.addEventListener("submit", event => {
        const act = event.submitter?.value ?? "save";
        if (act === "save") return;
        event.preventDefault();
        refresh(act, true);
    });
})();
