"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const charts = JSON.parse(document.getElementById("charts").textContent);
const views = {};

/* Charts: each names the part of the report that it draws. */
async function draw(name) {
  const spec = charts[name];
  const values = spec.data.name.split(".").reduce((part, key) => part[key], data);
  const drawn = await vegaEmbed(`#${name}`, { ...spec, data: { values } }, { actions: false, renderer: "svg" });
  views[name] = drawn.view;
}

/* Tables: a click on a heading sorts, a word above filters. */
function sortable(table) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const sort = () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const number = (text) => (text === "" ? -Infinity : Number(text));
      const numeric = heading.dataset.numeric !== undefined;
      const rows = [...body.rows].sort((one, two) =>
        numeric ? number(key(one)) - number(key(two)) : key(one).localeCompare(key(two)));
      body.append(...(down ? rows.reverse() : rows));
    };
    heading.tabIndex = 0;
    heading.addEventListener("click", sort);
    heading.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
  });
}

function filterable(input) {
  const body = document.getElementById(input.dataset.table).tBodies[0];
  const told = input.parentElement.querySelector("output");
  input.addEventListener("input", () => {
    const word = input.value.toLowerCase();
    let number = 0;
    for (const row of body.rows) {
      row.hidden = !row.textContent.toLowerCase().includes(word);
      number += !row.hidden;
    }
    told.textContent = word ? `${number} of ${body.rows.length}` : "";
  });
}

/* Costs: the formula of pairwright.lab.cost, for the measures that the sliders give. */
const measures = data.sizes?.model ? { body: data.sizes.model.body, width: data.sizes.model.width } : null;

function least() {
  const best = {};
  for (const row of data.sizes.rows) {
    if (row.bytes_per_token === null) continue;
    const flops = 6 * (measures.body + row.vocab_size * measures.width) / row.bytes_per_token;
    if (!(row.tokenizer in best) || flops < best[row.tokenizer].flops) {
      best[row.tokenizer] = { vocab_size: row.vocab_size, flops };
    }
  }
  return best;
}

function tellCosts() {
  const list = document.getElementById("best");
  const whole = Object.fromEntries(data.sizes.rows.map((row) => [row.tokenizer, row.vocab_size]));
  list.replaceChildren(...Object.entries(least()).map(([name, found]) => {
    const item = document.createElement("li");
    item.dataset.tokenizer = name;
    item.dataset.value = found.vocab_size;
    const edge = found.vocab_size === whole[name] ? ", all that it has: a larger vocabulary might cost less" : "";
    item.textContent = `${name}: ${found.vocab_size.toLocaleString("en")} ids${edge}`;
    return item;
  }));
  for (const name of ["body", "width"]) {
    document.getElementById(`${name}-value`).textContent = measures[name].toLocaleString("en");
  }
}

function costs() {
  for (const name of ["body", "width"]) {
    const slider = document.getElementById(`${name}-slider`);
    slider.addEventListener("input", () => {
      // Sliders are logarithmic.
      measures[name] = Math.round(Number(slider.dataset.base) ** Number(slider.value));
      views.cost.signal(name === "width" ? "model_width" : name, measures[name]).runAsync();
      tellCosts();
    });
  }
  tellCosts();
}

/* Examples: the texts as ids, and each token once. */
function branches(tokens, id) {
  const lines = [];
  const waiting = [[0, id]];
  while (waiting.length) {
    const [depth, each] = waiting.pop();
    const [shown, , , left, right] = tokens[each];
    if (left === undefined) continue;
    if (lines.length === 14) return [...lines, "…"];
    lines.push(`${"  ".repeat(depth)}${shown} = ${tokens[left][0]} + ${tokens[right][0]}`);
    waiting.push([depth + 1, right], [depth + 1, left]);
  }
  return lines;
}

function about(tokens, id) {
  const [, hex, rank] = tokens[id];
  const bytes = hex.match(/../g) ?? [];
  const place = rank === undefined ? "" : `, rank ${rank.toLocaleString("en")}`;
  const size = `${bytes.length} byte${bytes.length === 1 ? "" : "s"}`;
  return [`id ${id.toLocaleString("en")}${place}`, `${bytes.join(" ")} (${size})`, ...branches(tokens, id)].join("\n");
}

function made(tag, style, text) {
  const element = document.createElement(tag);
  element.className = style;
  element.textContent = text;
  return element;
}

function idsOf(group) {
  return typeof group === "number" ? [group] : group.ids;
}

function line(tokenizer, groups) {
  const tokens = data.examples.tokens[tokenizer];
  const told = document.getElementById("about");
  const paragraph = document.createElement("p");
  let number = 0;
  for (const group of groups) {
    const inside = idsOf(group).map((id) => {
      const token = made("span", `t k${number++ % 5}`, tokens[id][0]);
      token.title = about(tokens, id);
      token.addEventListener("click", () => { told.textContent = `${tokens[id][0]}\n${token.title}`; });
      return token;
    });
    if (group.char) {
      const shared = made("span", "c", "");
      shared.append(...inside, made("b", "", group.char));
      paragraph.append(shared, document.createElement("wbr"));
    } else {
      paragraph.append(...inside, document.createElement(inside[0].textContent.endsWith("↵") ? "br" : "wbr"));
    }
  }
  return paragraph;
}

function examples() {
  const chosen = document.getElementById("example");
  const wanted = document.getElementById("with");
  const shown = document.getElementById("tokens");
  const show = () => {
    const text = data.examples.texts[Number(chosen.value)];
    const all = data.tokenizers.map((each) => each.name);
    const names = wanted.value === "" ? all : [all[Number(wanted.value)]];
    shown.replaceChildren(...names.map((name) => {
      const groups = text.tokenizers[name];
      const number = groups.reduce((sum, group) => sum + idsOf(group).length, 0);
      const part = made("div", "pairwright", "");
      part.dataset.tokens = number;
      part.append(made("p", "", `${name}: ${number.toLocaleString("en")} tokens`), line(name, groups));
      return part;
    }));
  };
  chosen.addEventListener("change", show);
  wanted.addEventListener("change", show);
  show();
}

async function start() {
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("input[data-table]").forEach(filterable);
  await Promise.all(Object.keys(charts).map(draw));
  if (views.bars) {
    const select = document.getElementById("measure");
    select.addEventListener("change", () => views.bars.signal("measure", select.value).runAsync());
  }
  if (views.cost) costs();
  if (data.examples) examples();
  document.documentElement.dataset.ready = "true";
}
start();
