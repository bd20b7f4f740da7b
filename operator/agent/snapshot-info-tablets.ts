// The tablets that a snapshot's `__info` promises, a million of them in some 30 MiB: columns of typed
// arrays instead of objects and strings. File lists (StarRocks ≤ 3.3) are not held, only their number
// and a sum of hashes per tablet; whoever finds a difference reads `__info` again for the names.
//
// Ids of tables, partitions and indexes are filled in late: the FE writes `__info` through org.json,
// whose objects have the order of a Java HashMap, so `"partitions"` comes before its table's `"id"`.
import { assert, must } from "../assert.ts";

/** A number of files and the sum of their names' hashes: equal for equal sets, in any order. */
export interface NameSum {
  count: number;
  low: number;
  high: number;
}

export function emptySum(): NameSum {
  return { count: 0, low: 0, high: 0 };
}

/** Adds one name. The two hashes together have 64 bits; a set differs unseen once in 2^64. */
export function addName(sum: NameSum, name: string): void {
  sum.count += 1;
  sum.low = (sum.low + hashName(name, 0x811c9dc5)) >>> 0;
  sum.high = (sum.high + hashName(name, 0x9747b28c)) >>> 0;
}

export function sameSum(a: NameSum, b: NameSum): boolean {
  return a.count === b.count && a.low === b.low && a.high === b.high;
}

/** Where a tablet's files lie, as numbers. */
export interface TabletPlace {
  readonly tableName: string;
  readonly table: number;
  readonly partition: number;
  readonly index: number;
  readonly tablet: number;
}

/** Rows are named by ordinals: 0, 1, 2, … in the order in which they were added. */
export class ExpectedTablets {
  readonly #tables: { readonly name: string; id: number }[] = [];
  readonly #partitionIds = new Floats();
  readonly #partitionTables = new Words();
  readonly #indexIds = new Floats();
  readonly #indexPartitions = new Words();
  readonly #tabletIds = new Floats();
  readonly #tabletIndexes = new Words();
  /** Three words per tablet, from the first one that has a list: of most releases none has. */
  readonly #sums = new Words();
  #slots: Uint32Array | undefined;

  get size(): number {
    return this.#tabletIds.length;
  }

  addTable(name: string): number {
    return this.#tables.push({ name, id: Number.NaN }) - 1;
  }

  setTableId(table: number, id: number): void {
    must(this.#tables[table], "the table").id = id;
  }

  addPartition(table: number): number {
    this.#partitionTables.push(table);
    return this.#partitionIds.push(Number.NaN);
  }

  setPartitionId(partition: number, id: number): void {
    this.#partitionIds.set(partition, id);
  }

  /** The table of a partition; a sub-partition is added to the same one. */
  tableOf(partition: number): number {
    return this.#partitionTables.get(partition);
  }

  addIndex(partition: number): number {
    this.#indexPartitions.push(partition);
    return this.#indexIds.push(Number.NaN);
  }

  setIndexId(index: number, id: number): void {
    this.#indexIds.set(index, id);
  }

  addTablet(index: number, id: number): number {
    this.#slots = undefined;
    this.#tabletIndexes.push(index);
    return this.#tabletIds.push(id);
  }

  addFile(tablet: number, name: string): void {
    const sum = this.filesOf(tablet);
    addName(sum, name);
    while (this.#sums.length < tablet * 3 + 3) this.#sums.push(0);
    this.#sums.set(tablet * 3, sum.count);
    this.#sums.set(tablet * 3 + 1, sum.low);
    this.#sums.set(tablet * 3 + 2, sum.high);
  }

  /** What `__info` says of a tablet's files; `count: 0` means that it says nothing (#47200, 3.3+). */
  filesOf(tablet: number): NameSum {
    const at = tablet * 3;
    if (at >= this.#sums.length) return emptySum();
    return { count: this.#sums.get(at), low: this.#sums.get(at + 1), high: this.#sums.get(at + 2) };
  }

  placeOf(tablet: number): TabletPlace {
    const index = this.#tabletIndexes.get(tablet);
    const partition = this.#indexPartitions.get(index);
    const table = must(this.#tables[this.tableOf(partition)], "the table");
    return {
      tableName: table.name,
      table: table.id,
      partition: this.#partitionIds.get(partition),
      index: this.#indexIds.get(index),
      tablet: this.#tabletIds.get(tablet),
    };
  }

  /** The ordinal of a tablet id, or undefined for one that is not expected. */
  find(id: number): number | undefined {
    this.#slots ??= this.#buildSlots().slots;
    const at = this.#slotOf(this.#slots, id);
    const found = this.#slots[at] ?? 0;
    return found === 0 ? undefined : found - 1;
  }

  /** What is wrong with the rows as a whole, or undefined: a tablet named twice, an id left out. */
  checkRows(): string | undefined {
    const { slots, twice } = this.#buildSlots();
    this.#slots = slots;
    if (twice !== undefined) return `tablet ${twice} is listed twice`;
    for (let tablet = 0; tablet < this.size; tablet += 1) {
      const place = this.placeOf(tablet);
      if (Number.isNaN(place.table + place.partition + place.index)) {
        return `tablet ${place.tablet} of table ${place.tableName} has a table, partition or index without id`;
      }
    }
    return undefined;
  }

  // Open addressing with linear probing, at most half full; a slot holds an ordinal plus one.
  #buildSlots(): { slots: Uint32Array; twice: number | undefined } {
    let capacity = 16;
    while (capacity < this.size * 2) capacity *= 2;
    const slots = new Uint32Array(capacity);
    let twice: number | undefined;
    for (let ordinal = 0; ordinal < this.size; ordinal += 1) {
      const id = this.#tabletIds.get(ordinal);
      const at = this.#slotOf(slots, id);
      if (slots[at] !== 0) twice ??= id;
      slots[at] = ordinal + 1;
    }
    return { slots, twice };
  }

  #slotOf(slots: Uint32Array, id: number): number {
    const mask = slots.length - 1;
    // Ids are handed out in sequence; the multiplication spreads them.
    let at = Math.imul((id % 0x100000000) ^ (id / 0x100000000), 0x9e3779b1) >>> 0;
    for (at &= mask; ; at = (at + 1) & mask) {
      const found = slots[at] ?? 0;
      if (found === 0 || this.#tabletIds.get(found - 1) === id) return at;
    }
  }
}

// FNV-1a over UTF-16 units, then mixed so that sums of similar names do not cancel out.
function hashName(name: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A growing column of one kind of typed array. Growing leaves no old copy for the collector. */
abstract class Column<A extends Float64Array<ArrayBuffer> | Uint32Array<ArrayBuffer>> {
  #values: A;
  #length = 0;

  constructor(values: A) {
    this.#values = values;
  }

  protected abstract grown(values: A, capacity: number): A;

  get length(): number {
    return this.#length;
  }

  /** Appends and returns the new row's ordinal. */
  push(value: number): number {
    if (this.#length === this.#values.length) {
      this.#values = this.grown(this.#values, this.#length * 2);
    }
    this.#values[this.#length] = value;
    this.#length += 1;
    return this.#length - 1;
  }

  get(row: number): number {
    assert(row >= 0 && row < this.#length, "a row that was added");
    return this.#values[row] ?? 0;
  }

  set(row: number, value: number): void {
    assert(row >= 0 && row < this.#length, "a row that was added");
    this.#values[row] = value;
  }
}

class Floats extends Column<Float64Array<ArrayBuffer>> {
  constructor() {
    super(new Float64Array(64));
  }

  protected override grown(values: Float64Array<ArrayBuffer>, capacity: number) {
    return new Float64Array(values.buffer.transfer(capacity * values.BYTES_PER_ELEMENT));
  }
}

class Words extends Column<Uint32Array<ArrayBuffer>> {
  constructor() {
    super(new Uint32Array(64));
  }

  protected override grown(values: Uint32Array<ArrayBuffer>, capacity: number) {
    return new Uint32Array(values.buffer.transfer(capacity * values.BYTES_PER_ELEMENT));
  }
}
