import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { textOf } from '../../assembly/text.mjs'
import { text } from '../../src/runtime/generated/wasm.ts'
import { bytesOf } from '../../src/runtime/wasm-text.ts'

const { unpack } = text
/** There and back. */
const through = (bytes: Buffer) => [...bytesOf({ ...textOf(bytes), unpack })]

const shipped = readFileSync(new URL('../../dist/opnorm.wasm', import.meta.url))

/** A module of one section of code, which holds one function of these bytes. */
const moduleOf = (...body: number[]) => {
  const code = [1, body.length, ...body]
  return Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, code.length, ...code])
}

const ninth = Array.from({ length: 8 }, (_, i) => 255 - 28 * i)

test('the text gives the module that is shipped beside it', () => {
  assert.equal(Buffer.from(bytesOf(text)).compare(shipped), 0)
})

test('the text needs no quoting but for the backslash and the ends of lines, and no character of two bytes', () => {
  assert.match(text.text, /^[0-9a-f(-~\n]*$/)
})

test('every kind of operand comes back: none, short and long numbers, two and three of them, constants', () => {
  const body = [
    ...[2, 1, 0x7f, 3, 0x7b], // locals: one i32, three v128
    ...[0x41, 0x80, 0x80, 0x7e], // i32.const −32768
    ...[0x20, 0xff, 1], // local.get 255
    ...[0x2b, 3, 0x80, 2], // f64.load align=3 offset=256
    ...[0x44, ...ninth], // f64.const
    ...[0xfd, 12, ...ninth, ...ninth], // v128.const
    ...[0xfd, 21, 200, 1, 0xa0], // i8x16.extract_lane_s, then nop-like 0x01 and f64.add
    ...[0xfd, 84, 0, 130, 1, 7], // v128.load8_lane
    ...[0xfd, 0xf2, 1], // f64x2.mul
    ...[0xfc, 11, 0], // memory.fill
    ...[0x02, 0x40, 0x0c, 0, 0x0b, 0x0b], // block, br 0
  ]
  const module = moduleOf(...body)
  assert.equal(through(module), [...module])
})

test('locals come back: those used lately, those used long ago, those of another function, and more than a byte can number', () => {
  const local = (opcode: number, i: number) => (i < 128 ? [opcode, i] : [opcode, (i & 127) | 128, i >> 7])
  const order = [0, 5, 5, 300, 0, 5, 2, 128, 300, 1, 127, 335, 0]
  const body = order.flatMap((i, at) => local(0x20 + (at % 3), i))
  const one = [body.length + 2, 0, ...body, 0x0b]
  const code = [2, ...one, ...one]
  const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, code.length, ...code])
  assert.equal(through(module), [...module])
  assert.throws(() => textOf(moduleOf(0, ...local(0x20, 336), 0x0b)), /local/)
})

test('instructions that come often with one operand, and more symbols than characters', () => {
  const often = Array.from({ length: 20 }, () => [0x41, 16, 0x1a]).flat()
  const many = Array.from({ length: 0xc4 - 0x45 + 1 }, (_, i) => 0x45 + i)
  const body = [0, ...often, ...many, 0x0b]
  const code = [1, 0x80 + (body.length % 128), body.length >> 7, ...body]
  const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 10, 0x80 + (code.length % 128), code.length >> 7, ...code])
  const packed = textOf(module)
  const [, ...symbols] = packed.text.split('\n')
  assert.ok(symbols.includes('4110@'))
  assert.ok(symbols.length > 84)
  assert.equal([...bytesOf({ ...packed, unpack })], [...module])
})

test('an opcode whose operands are not known stops the build', () => {
  assert.throws(() => textOf(moduleOf(0, 0x0e, 0, 0, 0x0b)), /opcode 0xe/)
})

test.run()
