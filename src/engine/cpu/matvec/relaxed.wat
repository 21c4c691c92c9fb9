;; Products for browsers with WebAssembly's relaxed SIMD, where a dot product of bytes is one to three processor
;; instructions. Browsers reject a whole module for one unknown instruction, so this is a module of its own. It imports the
;; memory of Running Hand's module and accesses only the ranges that it is passed.
;;
;; The second operand has seven bits, as the instruction's definition asks for: its result is then the same on every
;; processor.
(module
  (import "" "memory" (memory 0))

  ;; Adds to the sums of `tiles` tiles (at least one), `[tiles, 16 rows]`, their products with a vector. A tile has `width`
  ;; chunks (at least two, an even number) of four columns, 64 bytes each; the vector as many, of 4 bytes each.
  (func (export "add") (param $tile i32) (param $tiles i32) (param $width i32) (param $input i32) (param $sums i32)
    (local $end i32) (local $at i32) (local $x v128) (local $y v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $e v128) (local $f v128) (local $g v128) (local $h v128)
    (loop $next_tile
      (local.set $end (i32.add (local.get $tile) (i32.shl (local.get $width) (i32.const 6))))
      (local.set $at (local.get $input))
      (local.set $a (v128.load (local.get $sums)))
      (local.set $b (v128.load offset=16 (local.get $sums)))
      (local.set $c (v128.load offset=32 (local.get $sums)))
      (local.set $d (v128.load offset=48 (local.get $sums)))
      (local.set $e (v128.const i32x4 0 0 0 0)) (local.set $f (v128.const i32x4 0 0 0 0))
      (local.set $g (v128.const i32x4 0 0 0 0)) (local.set $h (v128.const i32x4 0 0 0 0))
      ;; Two chunks at a time, with sums of their own: an addition need not wait for the one before.
      (loop $next_chunks
        (local.set $x (v128.load32_splat (local.get $at)))
        (local.set $y (v128.load32_splat offset=4 (local.get $at)))
        (local.set $a (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $x) (v128.load (local.get $tile)) (local.get $a)))
        (local.set $b (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $x) (v128.load offset=16 (local.get $tile)) (local.get $b)))
        (local.set $c (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $x) (v128.load offset=32 (local.get $tile)) (local.get $c)))
        (local.set $d (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $x) (v128.load offset=48 (local.get $tile)) (local.get $d)))
        (local.set $e (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $y) (v128.load offset=64 (local.get $tile)) (local.get $e)))
        (local.set $f (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $y) (v128.load offset=80 (local.get $tile)) (local.get $f)))
        (local.set $g (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $y) (v128.load offset=96 (local.get $tile)) (local.get $g)))
        (local.set $h (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $y) (v128.load offset=112 (local.get $tile)) (local.get $h)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $tile (i32.add (local.get $tile) (i32.const 128)))
        (br_if $next_chunks (i32.lt_u (local.get $tile) (local.get $end))))
      (v128.store (local.get $sums) (i32x4.add (local.get $a) (local.get $e)))
      (v128.store offset=16 (local.get $sums) (i32x4.add (local.get $b) (local.get $f)))
      (v128.store offset=32 (local.get $sums) (i32x4.add (local.get $c) (local.get $g)))
      (v128.store offset=48 (local.get $sums) (i32x4.add (local.get $d) (local.get $h)))
      (local.set $sums (i32.add (local.get $sums) (i32.const 64)))
      (local.set $tiles (i32.sub (local.get $tiles) (i32.const 1)))
      (br_if $next_tile (local.get $tiles)))))
