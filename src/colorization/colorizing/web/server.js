// What the program that serves the page is asked; its answers are described in `application.py`.

export const model = await (await fetch("model")).json();
export const setting = model.vividness === null ? "saturation" : "vividness";

class Problem extends Error {
  constructor(text, status) {
    super(text);
    this.status = status;
  }
}

async function request(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw new Problem("the program that serves this page does not answer; is it still running?");
  });
  if (!response.ok) throw new Problem(await response.text(), response.status);
  return response;
}

export async function send(photograph) {
  if (photograph.file.size > model.largest_upload)
    throw new Problem(`more than ${model.largest_upload / 1e6} MB`);
  const response = await request("photographs", { method: "POST", body: photograph.file });
  Object.assign(photograph, await response.json()); // name, width, ...
}

export async function ask(photograph, part, query = "") {
  const answer = () => request(`photographs/${photograph.name}/${part}?${query}`);
  try {
    return await answer();
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    await send(photograph); // it was forgotten in favor of later ones
    return answer();
  }
}

export function forget(photograph) {
  const options = { method: "DELETE", keepalive: true }; // also when the page is closed
  if (photograph.name) fetch(`photographs/${photograph.name}`, options).catch(() => {});
}

export function queryOf(photograph, hints = photograph.hints) {
  const query = new URLSearchParams({ [setting]: photograph.setting });
  for (const { x, y, color } of hints) query.append("hint", `${x},${y},${color}`);
  return query.toString();
}

export async function image(photograph, part, query) {
  const response = await ask(photograph, part, query);
  const loaded = new Image();
  loaded.src = URL.createObjectURL(await response.blob());
  await loaded.decode(); // so that it replaces another one without flicker
  return loaded.src;
}
