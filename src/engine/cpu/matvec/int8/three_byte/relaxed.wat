;; Int8 dot products for browsers with WebAssembly's relaxed SIMD, where its dot product of bytes is one processor
;; instruction: twin of vnni.rs. Browsers reject a whole module for one unknown instruction, so this is a module of its
;; own. It imports the memory of Running Hand's module and accesses only the ranges that it is passed.
(module
  (import "" "memory" (memory 0))

  ;; [a0 + a1 + a2 + a3, b0 + b1 + b2 + b3, c0 + c1 + c2 + c3, unused]
  (func $across (param $a v128) (param $b v128) (param $c v128) (result v128)
    (local $ab v128)
    ;; a0 + a2, b0 + b2, a1 + a3, b1 + b3
    (local.set $ab
      (i32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b))))
    ;; c0 + c2, c1 + c3, and so on
    (local.set $c
      (i32x4.add
        (local.get $c)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 0 1 2 3 4 5 6 7 (local.get $c) (local.get $c))))
    (i32x4.add
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 16 17 18 19 (local.get $ab) (local.get $c))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 20 21 22 23 20 21 22 23 (local.get $ab) (local.get $c))))

  ;; For each of `tiles` tiles (at least one): sums of its rows' products with each byte of the vector's integers,
  ;; `[tiles, 3 bytes, 3 rows and one unused]`. A tile and the input have `width` chunks (at least one) of 16 columns,
  ;; 48 bytes each: three rows, or three bytes.
  (func (export "dots")
    (param $tile i32) (param $tiles i32) (param $width i32) (param $input i32) (param $sums i32)
    (local $end i32) (local $x i32)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $weight v128)
    (local $a0 v128) (local $a1 v128) (local $a2 v128)
    (local $b0 v128) (local $b1 v128) (local $b2 v128)
    (local $c0 v128) (local $c1 v128) (local $c2 v128)
    (loop $next_tile
      (local.set $end (i32.add (local.get $tile) (i32.mul (local.get $width) (i32.const 48))))
      (local.set $x (local.get $input))
      (local.set $a0 (v128.const i32x4 0 0 0 0)) (local.set $a1 (v128.const i32x4 0 0 0 0))
      (local.set $a2 (v128.const i32x4 0 0 0 0)) (local.set $b0 (v128.const i32x4 0 0 0 0))
      (local.set $b1 (v128.const i32x4 0 0 0 0)) (local.set $b2 (v128.const i32x4 0 0 0 0))
      (local.set $c0 (v128.const i32x4 0 0 0 0)) (local.set $c1 (v128.const i32x4 0 0 0 0))
      (local.set $c2 (v128.const i32x4 0 0 0 0))
      (loop $next_chunk
        (local.set $x0 (v128.load (local.get $x)))
        (local.set $x1 (v128.load offset=16 (local.get $x)))
        (local.set $x2 (v128.load offset=32 (local.get $x)))
        (local.set $weight (v128.load (local.get $tile)))
        (local.set $a0 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x0) (local.get $a0)))
        (local.set $a1 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x1) (local.get $a1)))
        (local.set $a2 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x2) (local.get $a2)))
        (local.set $weight (v128.load offset=16 (local.get $tile)))
        (local.set $b0 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x0) (local.get $b0)))
        (local.set $b1 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x1) (local.get $b1)))
        (local.set $b2 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x2) (local.get $b2)))
        (local.set $weight (v128.load offset=32 (local.get $tile)))
        (local.set $c0 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x0) (local.get $c0)))
        (local.set $c1 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x1) (local.get $c1)))
        (local.set $c2 (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get $weight) (local.get $x2) (local.get $c2)))
        (local.set $x (i32.add (local.get $x) (i32.const 48)))
        (local.set $tile (i32.add (local.get $tile) (i32.const 48)))
        (br_if $next_chunk (i32.lt_u (local.get $tile) (local.get $end))))
      (v128.store (local.get $sums) (call $across (local.get $a0) (local.get $b0) (local.get $c0)))
      (v128.store offset=16 (local.get $sums) (call $across (local.get $a1) (local.get $b1) (local.get $c1)))
      (v128.store offset=32 (local.get $sums) (call $across (local.get $a2) (local.get $b2) (local.get $c2)))
      (local.set $sums (i32.add (local.get $sums) (i32.const 48)))
      (local.set $tiles (i32.sub (local.get $tiles) (i32.const 1)))
      (br_if $next_tile (local.get $tiles)))))
