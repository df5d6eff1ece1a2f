// Names of colors, for those who hear the page or do not tell these colors apart.

// The names of CSS that say which color they mean. Left out are names such as peru or thistle, and
// those of which CSS makes something else, such as dark gray, which is lighter than its gray.
const NAMES = [
  "black", "dim gray", "gray", "silver", "light gray", "white", "slate gray", "light slate gray",
  "dark slate gray", "snow", "ivory", "beige", "wheat", "tan", "khaki", "dark khaki",
  "yellow", "light yellow", "gold", "goldenrod", "dark goldenrod", "orange", "dark orange",
  "orange red", "coral", "salmon", "light salmon", "dark salmon", "sandy brown", "rosy brown",
  "chocolate", "sienna", "saddle brown", "brown", "maroon", "firebrick", "indian red", "red",
  "dark red", "crimson", "pink", "light pink", "hot pink", "deep pink", "pale violet red",
  "violet", "dark violet", "plum", "magenta", "dark magenta", "purple", "indigo", "lavender",
  "slate blue", "dark slate blue", "midnight blue", "navy", "dark blue", "blue", "royal blue",
  "cornflower blue", "steel blue", "light steel blue", "powder blue", "light blue", "sky blue",
  "deep sky blue", "cadet blue", "teal", "dark cyan", "cyan", "light cyan", "turquoise",
  "dark turquoise", "pale turquoise", "aquamarine", "spring green", "sea green", "pale green",
  "light green", "lime green", "lime", "green", "forest green", "dark green", "yellow green",
  "olive", "olive drab", "dark olive green",
];

let named; // pairs of a name and its CIE L*, a*, b*, once they are needed

// The browser converts colors itself; one that cannot leaves them their numbers.
const CONVERTS = CSS.supports("color", "lab(from red l a b)");

function labOf(color) {
  const probe = document.createElement("span");
  probe.hidden = true;
  probe.style.color = `lab(from ${color} l a b)`;
  document.body.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return computed.match(/[-+.\de]+(?=[ )])/g).map(Number);
}

// The name of the color that looks most like "#rrggbb".
export function nameOf(color) {
  if (!CONVERTS) return color;
  named ??= NAMES.map((name) => [name, labOf(name.replaceAll(" ", ""))]);
  const lab = labOf(color);
  const distance = ([, other]) => Math.hypot(...other.map((value, axis) => value - lab[axis]));
  return named.reduce((best, one) => (distance(one) < distance(best) ? one : best))[0];
}
