/* The classifier of the smoothing laboratory, evaluated on the client: confidences and their slopes at a point.
 *
 * A 2-20-20-3 network in evaluation mode, with batch norm folded into the layers ("Be Careful What You Smooth For",
 * ICLR 2024, Figure 1):
 *   hidden1 = relu(A1 point + c1),  hidden2 = relu(A2 hidden1 + c2),  logits = A3 hidden2.
 * Such a network is affine wherever the same units are on. We keep the affine pieces last used, since an attack takes
 * thousands of steps and most of them stay on a piece or jump to and fro between two.
 */

const HIDDEN = 20;
const KEPT_PIECES = 2;
export const CLASSES = 3;
export const FLOATS_PER_MODEL = 2 * HIDDEN + HIDDEN + HIDDEN * HIDDEN + HIDDEN + CLASSES * HIDDEN; // 540

/** A copy of the bytes of a DataView as float32; a copy, because the bytes may start at an odd place. */
export function toFloats(view) {
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** Views on model number `index` in `weights`, a Float32Array in the order A1 (rows), c1, A2 (rows), c2, A3 (rows). */
export function unpackModel(weights, index) {
  let from = index * FLOATS_PER_MODEL;
  const take = (length) => weights.subarray(from, (from += length));
  return {
    a1: take(2 * HIDDEN),
    c1: take(HIDDEN),
    a2: take(HIDDEN * HIDDEN),
    c2: take(HIDDEN),
    a3: take(CLASSES * HIDDEN),
  };
}

/** An affine piece: `logits` at (x, y), their `slope` there (d logits / d point), valid within `radiusSquared`. */
function createPiece() {
  return { x: 0, y: 0, radiusSquared: 0, logits: new Float64Array(CLASSES), slope: new Float64Array(2 * CLASSES) };
}

/** Working memory to evaluate one model many times without allocating. */
export function createEvaluator(model) {
  return {
    model,
    hidden1: new Float64Array(HIDDEN),
    slope1: new Float64Array(2 * HIDDEN), // d hidden1 / d point, zero where the unit is off
    pieces: Array.from({ length: KEPT_PIECES }, createPiece),
    oldest: 0,
    confidences: new Float64Array(CLASSES),
  };
}

/** Takes the affine piece of the network at (x, y).
 *
 * A unit with value v and slope s cannot switch within the distance |v| / |s|; the smallest of these distances over
 * the units is the radius within which the piece is exact. A unit without slope never switches (0 / 0 is ignored).
 */
function takePiece({ model, hidden1, slope1 }, x, y, piece) {
  const { a1, c1, a2, c2, a3 } = model;
  const { logits, slope } = piece;
  let radiusSquared = Infinity;
  for (let i = 0; i < HIDDEN; i++) {
    const sx = a1[2 * i];
    const sy = a1[2 * i + 1];
    const value = sx * x + sy * y + c1[i];
    const reach = (value * value) / (sx * sx + sy * sy);
    if (reach < radiusSquared) radiusSquared = reach;
    const on = value > 0 ? 1 : 0;
    hidden1[i] = on * value;
    slope1[2 * i] = on * sx;
    slope1[2 * i + 1] = on * sy;
  }
  logits.fill(0);
  slope.fill(0);
  for (let i = 0, row = 0; i < HIDDEN; i++, row += HIDDEN) {
    let value = c2[i];
    let sx = 0;
    let sy = 0;
    for (let j = 0; j < HIDDEN; j++) {
      const weight = a2[row + j];
      value += weight * hidden1[j];
      sx += weight * slope1[2 * j];
      sy += weight * slope1[2 * j + 1];
    }
    const reach = (value * value) / (sx * sx + sy * sy);
    if (reach < radiusSquared) radiusSquared = reach;
    if (value <= 0) continue;
    for (let k = 0; k < CLASSES; k++) {
      const weight = a3[k * HIDDEN + i];
      logits[k] += weight * value;
      slope[2 * k] += weight * sx;
      slope[2 * k + 1] += weight * sy;
    }
  }
  piece.x = x;
  piece.y = y;
  piece.radiusSquared = radiusSquared * (1 - 1e-9);
}

/** A kept piece that holds at (x, y), or a new one in the place of the oldest. */
function findPiece(evaluator, x, y) {
  for (const piece of evaluator.pieces) {
    const dx = x - piece.x;
    const dy = y - piece.y;
    if (dx * dx + dy * dy < piece.radiusSquared) return piece;
  }
  const piece = evaluator.pieces[evaluator.oldest];
  evaluator.oldest = (evaluator.oldest + 1) % KEPT_PIECES;
  takePiece(evaluator, x, y, piece);
  return piece;
}

/** Fills `evaluator.confidences` with the softmax over the classes at (x, y); returns the affine piece in use. */
export function evaluate(evaluator, x, y) {
  const { confidences } = evaluator;
  const piece = findPiece(evaluator, x, y);
  const dx = x - piece.x;
  const dy = y - piece.y;
  let largest = -Infinity;
  for (let k = 0; k < CLASSES; k++) {
    const logit = piece.logits[k] + piece.slope[2 * k] * dx + piece.slope[2 * k + 1] * dy;
    confidences[k] = logit;
    if (logit > largest) largest = logit;
  }
  let total = 0;
  for (let k = 0; k < CLASSES; k++) total += confidences[k] = Math.exp(confidences[k] - largest);
  for (let k = 0; k < CLASSES; k++) confidences[k] /= total;
  return piece;
}

/** Class and confidence at the centres of cells x cells squares; row 0 is the top. `bounds` = { low, high }. */
export function decisionMap(model, { low, high }, cells) {
  const evaluator = createEvaluator(model);
  const classes = new Uint8Array(cells * cells);
  const confidences = new Float32Array(cells * cells);
  const size = (high - low) / cells;
  for (let row = 0, cell = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++, cell++) {
      evaluate(evaluator, low + (column + 0.5) * size, high - (row + 0.5) * size);
      for (let k = 0; k < CLASSES; k++) {
        if (evaluator.confidences[k] <= confidences[cell]) continue;
        confidences[cell] = evaluator.confidences[k];
        classes[cell] = k;
      }
    }
  }
  return { classes, confidences, cells };
}
