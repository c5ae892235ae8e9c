/** Names for those who are here: a key is hard to tell from another, "Umber Wren" is not. */

const COLOURS =
  "Amber Ash Azure Bone Brass Carmine Chalk Cobalt Copper Coral Ebony Fern Flint Gold Indigo Ivory Jade Lilac Linen Madder Moss Ochre Olive Pearl Plum Rose Russet Saffron Sepia Sienna Slate Umber".split(" ");
const CREATURES =
  "Bee Crane Crow Dove Elk Falcon Finch Fox Hare Hawk Heron Ibis Jay Kite Lark Lynx Marten Moth Newt Otter Owl Perch Quail Raven Robin Seal Shrew Stoat Swan Swift Tern Wren".split(" ");

/**
 * The name that every tab gives to the same member. Two may share one; lists then show the key’s beginning, too.
 *
 * @param {string} key a member's, in hex
 */
export function nameOf(key) {
  // The first byte of a compressed point has one bit of its own only.
  const number = Number.parseInt(key.slice(2, 10), 16) || 0;
  return `${COLOURS[number % 32]} ${CREATURES[(number >>> 5) % 32]}`;
}
