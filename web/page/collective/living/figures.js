/** The people of the living picture: where each is, who is linked with whom, and the four seats. */

import { calm } from "../../../shared/dom.js";
import { YOU } from "../words.js";
import { faint } from "./ink.js";
import { ease, scatter } from "./mosaic.js";

/** @import { Ground, Person, Scene } from "./picture.js" */
/** @import { Ink } from "./ink.js" */

/** Radius of the painters' ring and of everybody else's, in units of the ground. */
const PAINTERS = 0.73;
const OTHERS = 0.9;
/** Radius of a painter, of a teacher, and of one who stands by. */
const PAINTER = 0.1;
const TEACHER = 0.05;
const BYSTANDER = 0.032;
/** How fast places, sizes and lights follow what is wanted: the part that is left after a second. */
const LEFT_AFTER_SECOND = 0.03;
/** Bytes over a link within a report that light it fully. */
const BRIGHT_BYTES = 400_000;

/**
 * @typedef {object} Figure
 * @property {Person} person
 * @property {number} x
 * @property {number} y
 * @property {number} radius
 * @property {number} there 0 to 1, how far it has come in or gone out
 * @property {number} angle on the outer ring
 * @property {number} light 0 to 1, of this tab's link with it
 * @property {boolean} here
 */

/** @typedef {{ ax: number, ay: number, cx: number, cy: number, bx: number, by: number }} Curve a quadratic one */

export class Figures {
  /** @type {Map<string, Figure>} */
  #all = new Map();

  /** @param {Scene} scene */
  show(scene) {
    const here = new Set(scene.people.map(({ id }) => id));
    for (const [id, figure] of this.#all) figure.here = here.has(id);
    const others = scene.people.filter(({ seat }) => seat === null).sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const person of scene.people) {
      const angle = person.seat === null ? betweenSeats(others.indexOf(person), others.length) : seatAngle(person.seat);
      const known = this.#all.get(person.id);
      if (known) Object.assign(known, { person, angle, here: true });
      else this.#all.set(person.id, { person, x: NaN, y: NaN, radius: 0, there: 0, angle, light: 0, here: true });
    }
  }

  /** Puts everyone where they belong at once: the ground has another size. */
  settle() {
    for (const figure of this.#all.values()) figure.x = NaN;
  }

  /** @param {string} id @param {number} bytes */
  carry(id, bytes) {
    const figure = this.#all.get(id);
    if (figure) figure.light = Math.min(1, Math.max(figure.light, Math.sqrt(bytes / BRIGHT_BYTES)));
  }

  /** @param {string} id @returns {Figure | undefined} */
  of(id) {
    return this.#all.get(id);
  }

  /** @param {number} seat @returns {Figure | undefined} */
  at(seat) {
    for (const figure of this.#all.values()) if (figure.here && figure.person.seat === seat) return figure;
    return undefined;
  }

  /** @param {Ground} ground @param {number} now @param {number} passed ms since the last frame */
  move(ground, now, passed) {
    const kept = LEFT_AFTER_SECOND ** (passed / 1000);
    for (const [id, figure] of this.#all) {
      const goal = goalOf(figure, ground, calm.matches ? 0 : now);
      if (Number.isNaN(figure.x)) {
        const away = ground.on(figure.angle, figure.there > 0 ? 1 : 1.15);
        figure.x = figure.there > 0 ? goal.x : away.x;
        figure.y = figure.there > 0 ? goal.y : away.y;
      }
      const follow = (/** @type {number} */ from, /** @type {number} */ to) => to + (from - to) * kept;
      figure.x = follow(figure.x, goal.x);
      figure.y = follow(figure.y, goal.y);
      figure.radius = follow(figure.radius, goal.radius);
      figure.there = follow(figure.there, figure.here ? 1 : 0);
      figure.light *= 0.25 ** (Math.min(passed, 1000) / 1000);
      if (!figure.here && figure.there < 0.02) this.#all.delete(id);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Ink} ink
   * @param {Ground} ground
   * @param {Scene} scene
   * @param {number} now
   * @param {boolean} still
   */
  drawLinks(context, ink, ground, scene, now, still) {
    context.lineCap = "round";
    for (const [one, two] of scene.links) {
      const a = this.#all.get(one);
      const b = this.#all.get(two);
      if (!a || !b) continue;
      const painters = a.person.seat !== null && b.person.seat !== null;
      const mine = a.person.me || b.person.me;
      const light = mine ? (a.person.me ? b.light : a.light) : 0;
      const busy = painters && BUSY.has(scene.act);
      const pulse = still ? 0.5 : 0.5 + 0.5 * Math.sin(now / 700 + scatter(one.charCodeAt(0)) * 6);
      const strength = (painters ? (busy ? 0.5 + 0.3 * pulse : 0.45) : mine ? 0.3 : 0.13) + 0.4 * light;
      stroke(context, curveBetween(a, b, ground), faint(mine ? ink.accent : ink.edge, strength * a.there * b.there));
      context.lineWidth = (painters ? 1.6 : 1) + 2.2 * light;
      context.stroke();
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Ink} ink
   * @param {Ground} ground
   * @param {Scene} scene
   * @param {number} now
   * @param {boolean} still
   */
  draw(context, ink, ground, scene, now, still) {
    for (let seat = 0; seat < 4; seat += 1) {
      if (!this.at(seat)) drawEmptySeat(context, ink, ground, seat, still ? 0 : now);
    }
    for (const figure of this.#all.values()) {
      context.globalAlpha = ease(Math.min(1, figure.there));
      if (figure.person.seat === null) drawOther(context, ink, figure, ground);
      else drawPainter(context, ink, figure, scene, still ? 0 : now);
      drawName(context, ink, figure, ground);
    }
    context.globalAlpha = 1;
  }
}

/** What painters send each other a lot in. @type {ReadonlySet<string>} */
const BUSY = new Set(["settingUp", "painting", "learning", "piece", "working"]);

/** @param {number} seat */
const seatAngle = (seat) => -Math.PI / 2 + (seat * Math.PI) / 2;

/** Everyone else sits in the four gaps between the seats, one gap after another. @param {number} order @param {number} count */
function betweenSeats(order, count) {
  const gap = order % 4;
  const inGap = Math.floor((count - gap + 3) / 4);
  const place = Math.floor(order / 4);
  return seatAngle(gap) + (Math.PI / 2) * ((place + 1) / (inGap + 1));
}

/** @param {Figure} figure @param {Ground} ground @param {number} now */
function goalOf({ person, angle, here }, ground, now) {
  const out = here ? 1 : 1.12;
  if (person.seat !== null) {
    return { ...ground.on(seatAngle(person.seat), PAINTERS * out), radius: PAINTER * ground.unit };
  }
  const { x, y } = ground.on(angle, OTHERS * out);
  const own = scatter(person.id.charCodeAt(0) * 7 + person.id.charCodeAt(1)) * 2 * Math.PI;
  return {
    x: x + Math.sin(now / 2300 + own) * ground.unit * 0.012,
    y: y + Math.cos(now / 2900 + own) * ground.unit * 0.012,
    radius: (person.teaches || person.lends ? TEACHER : BYSTANDER) * ground.unit,
  };
}

/** @param {Figure} a @param {Figure} b @param {Ground} ground @returns {Curve} */
export function curveBetween(a, b, ground) {
  const x = (a.x + b.x) / 2;
  const y = (a.y + b.y) / 2;
  const across = Math.hypot(x - ground.x, y - ground.y) < ground.unit * 0.12;
  const painters = a.person.seat !== null && b.person.seat !== null;
  // Neighbours at the painters' ring are joined along it, those across from each other by a bend beside the middle.
  const bend = painters ? 0.83 : 0.1;
  const cx = across ? x + (b.y - a.y) * 0.22 : x + (x - ground.x) * bend;
  const cy = across ? y - (b.x - a.x) * 0.22 : y + (y - ground.y) * bend;
  return { ax: a.x, ay: a.y, cx, cy, bx: b.x, by: b.y };
}

/** @param {CanvasRenderingContext2D} context @param {Curve} curve @param {string} colour */
function stroke(context, { ax, ay, cx, cy, bx, by }, colour) {
  context.strokeStyle = colour;
  context.beginPath();
  context.moveTo(ax, ay);
  context.quadraticCurveTo(cx, cy, bx, by);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} radius */
function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, Math.max(0, radius), 0, 2 * Math.PI);
}

/** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Ground} ground @param {number} seat @param {number} now */
function drawEmptySeat(context, ink, ground, seat, now) {
  const { x, y } = ground.on(seatAngle(seat), PAINTERS);
  const radius = PAINTER * ground.unit;
  const dash = (2 * Math.PI * radius) / 28;
  context.setLineDash([dash, dash]);
  context.lineDashOffset = -now / 160;
  context.lineWidth = 1.5;
  context.strokeStyle = faint(ink.shares[seat] ?? ink.edge, 0.75);
  disc(context, x, y, radius);
  context.stroke();
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Figure} figure @param {Scene} scene @param {number} now */
function drawPainter(context, ink, { x, y, radius, person }, scene, now) {
  const seat = person.seat ?? 0;
  if (BUSY.has(scene.act) && now > 0) {
    const beat = (now / 1900 + seat / 4) % 1;
    context.lineWidth = 1.4;
    context.strokeStyle = faint(ink.shares[seat] ?? ink.edge, 0.45 * (1 - beat));
    disc(context, x, y, radius * (1 + 0.45 * beat));
    context.stroke();
  }
  context.fillStyle = ink.panel;
  disc(context, x, y, radius);
  context.fill();
  context.lineWidth = person.me ? 2.6 : 1.3;
  context.strokeStyle = person.me ? ink.accent : ink.edge;
  context.stroke();
  // Of four shares, a painter lacks the one of its own seat.
  const cell = radius * 0.48;
  for (let share = 0; share < 4; share += 1) {
    const left = x + (share % 2 === 0 ? -cell - 1 : 1);
    const top = y + (share < 2 ? -cell - 1 : 1);
    if (share === seat) {
      context.lineWidth = 1;
      context.setLineDash([2.5, 2.5]);
      context.strokeStyle = ink.edge;
      context.strokeRect(left + 0.5, top + 0.5, cell - 1, cell - 1);
      context.setLineDash([]);
    } else {
      context.fillStyle = ink.shares[share] ?? ink.edge;
      context.fillRect(left, top, cell, cell);
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Figure} figure @param {Ground} ground */
function drawOther(context, ink, { x, y, radius, person }, ground) {
  context.lineWidth = person.me ? 2.4 : 1.4;
  context.strokeStyle = person.me ? ink.accent : person.teaches ? ink.good : ink.edge;
  context.fillStyle = ink.panel;
  disc(context, x, y, radius);
  context.fill();
  context.stroke();
  if (person.teaches || person.lends) {
    // A small picture, filled while it teaches.
    const half = radius * 0.4;
    context.lineWidth = 1.2;
    context.strokeStyle = person.teaches ? ink.good : ink.edge;
    context.fillStyle = faint(ink.good, person.teaches ? 0.85 : 0);
    context.beginPath();
    context.roundRect(x - half, y - half, 2 * half, 2 * half, Math.min(2, ground.unit * 0.01));
    context.fill();
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {Ink} ink @param {Figure} figure @param {Ground} ground */
function drawName(context, ink, { x, y, radius, person }, ground) {
  const small = ground.unit < 190;
  if (!person.me && (person.seat === null || small)) return;
  const size = small ? 11 : 12;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.font = `${person.me ? 600 : 400} ${size}px ${ink.sans}`;
  context.fillStyle = person.me ? ink.accent : ink.soft;
  const text = person.me ? YOU : person.name;
  const below = y + radius + 5;
  // Under the top seat is the middle, and at the lower edge there is no room.
  const above = person.seat === 0 || below + size > ground.height;
  if (above) context.textBaseline = "bottom";
  // Links run past under it.
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = ink.wall;
  context.strokeText(text, x, above ? y - radius - 4 : below);
  context.fillText(text, x, above ? y - radius - 4 : below);
}
