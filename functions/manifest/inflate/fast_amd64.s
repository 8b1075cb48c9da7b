//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// The loop of portable.go in the instructions of BMI2, which shift by a register
// and cut off bits in one step each: a symbol costs the chain of a shift, a cut
// and a load, and here there is little else beside it. The names are portable.go's.
//
// What it reads and writes is within bounds for these reasons:
//
//	src  a round begins at lastIn at the latest, slackIn before the end, and reads three times eight bytes,
//	     going on by seven at most each time
//	dst  a round begins at lastOut at the latest, slackOut before the end: it writes two literals, and
//	     a match of 258 in steps of 16 of which the first may be 32; and it reads from start on
//	t    an index has litBits or 8 bits, or comes from a link, which fillLong makes for subtables within the table
//
// Registers:
//
//	AX  bits            R8  t.lit            SI  where the input goes on
//	BX  nbits           R9  t.dist           DI  where the output goes on
//	CX  an entry        R10 the last SI at which a round may begin
//	DX  an entry, or t  R11 the last DI at which a round may begin
//	R12 the first byte of this output        R13 a length
//	R14 scratch, then a distance             R15 litBits
//
// REFILL(tmp): bits |= le64(SI) << nbits; SI += 7 - nbits>>3&7; nbits |= 56
#define REFILL(tmp) \
	SHLXQ BX, (SI), tmp   \
	ORQ   tmp, AX         \
	MOVL  BX, tmp         \
	SHRL  $3, tmp         \
	ANDL  $7, tmp         \
	ADDQ  $7, SI          \
	SUBQ  tmp, SI         \
	ORL   $56, BX

// TAKE(e): the bits of entry e are used.
#define TAKE(e) \
	SHRXQ e, AX, AX \
	SUBL  e, BX

// LOOK(e): e = t.lit[bits&litMask]
#define LOOK(e) \
	BZHIQ R15, AX, e \
	MOVL  (R8)(e*4), e

// VALUE(e, v, tmp): v = e>>16 + bits&(1<<(e&63)-1)>>(e>>8&15); the bits of e are used; e is lost.
#define VALUE(e, v, tmp) \
	BZHIQ e, AX, v     \
	MOVL  e, tmp       \
	SHRL  $8, tmp      \
	SHRXQ tmp, v, v    \
	TAKE(e)            \
	SHRL  $16, e       \
	ADDQ  e, v

// func fastBMI2(s *state, t *tables, src, dst *byte) outcome
//
// Where it goes on is in s, with bits cut to nbits of them.
TEXT ·fastBMI2(SB), NOSPLIT, $0-33
	MOVQ s+0(FP), CX
	MOVQ t+8(FP), R8
	LEAQ (4*const_litSize)(R8), R9
	MOVQ src+16(FP), SI
	MOVQ dst+24(FP), DI
	MOVQ state_bits(CX), AX
	MOVQ state_nbits(CX), BX
	MOVQ SI, R10
	ADDQ state_lastIn(CX), R10
	ADDQ state_in(CX), SI
	MOVQ DI, R11
	ADDQ state_lastOut(CX), R11
	MOVQ DI, R12
	ADDQ state_start(CX), R12
	ADDQ state_out(CX), DI
	MOVL $const_litBits, R15
	REFILL(DX)
	LOOK(CX)

round:
	CMPQ  SI, R10
	JHI   room
	CMPQ  DI, R11
	JHI   room
	TESTL $const_fLit, CX
	JZ    notLit
	TAKE(CX)
	LOOK(DX)
	SHRL  $16, CX
	MOVB  CX, (DI)
	TESTL $const_fLit, DX
	JZ    one
	TAKE(DX)
	LOOK(CX)
	SHRL  $16, DX
	MOVB  DX, 1(DI)
	TESTL $const_fLit, CX
	JZ    two
	TAKE(CX)
	LOOK(DX)
	REFILL(R14)
	SHRL  $16, CX
	MOVB  CX, 2(DI)
	ADDQ  $3, DI
	MOVL  DX, CX
	JMP   round

two:
	ADDQ  $2, DI
	JMP   notLit

one:
	INCQ  DI
	MOVL  DX, CX

notLit:
	TESTL $const_fExc, CX
	JNZ   exceptional

match:
	VALUE(CX, R13, R14)
	MOVBLZX AL, DX
	MOVL  (R9)(DX*4), CX
	REFILL(R14)
	TESTL $const_fExc, CX
	JNZ   exceptionalDist

distance:
	VALUE(CX, R14, DX)
	LOOK(CX)
	REFILL(DX)
	MOVQ  DI, DX
	SUBQ  R14, DX
	CMPQ  DX, R12
	JB    bad
	CMPQ  R14, $16
	JB    near
	MOVOU (DX), X0
	MOVOU X0, (DI)
	MOVOU 16(DX), X0
	MOVOU X0, 16(DI)
	CMPQ  R13, $32
	JHI   long
	ADDQ  R13, DI
	JMP   round

long:
	ADDQ  DI, R13 // where it ends
	SUBQ  DI, DX  // minus the distance

longer:
	ADDQ  $16, DI
	MOVOU 16(DI)(DX*1), X0
	MOVOU X0, 16(DI)
	LEAQ  32(DI), R14
	CMPQ  R14, R13
	JB    longer
	MOVQ  R13, DI
	JMP   round

near:
	// The period is brought to a whole register, which is stored at steps of
	// the most periods that it holds.
	MOVOU (DX), X0
	SHLQ  $4, R14
	LEAQ  periods<>(SB), DX
	PSHUFB (DX)(R14*1), X0
	LEAQ  steps<>(SB), DX
	SHRQ  $4, R14
	MOVBQZX (DX)(R14*1), R14
	ADDQ  DI, R13

nearer:
	MOVOU X0, (DI)
	ADDQ  R14, DI
	CMPQ  DI, R13
	JB    nearer
	MOVQ  R13, DI
	JMP   round

exceptional:
	TESTL $const_fSub, CX
	JZ    special
	MOVL  CX, R14
	TAKE(CX)
	SHRL  $8, CX
	ANDL  $15, CX
	BZHIQ CX, AX, DX
	SHRL  $16, R14
	ADDL  R14, DX
	MOVL  (R8)(DX*4), CX
	TESTL $const_fLit, CX
	JNZ   longLit
	TESTL $const_fExc, CX
	JZ    match

special:
	TAKE(CX)
	SHRL  $16, CX
	JNZ   bad
	MOVL  $const_blockEnd, CX
	JMP   done

longLit:
	TAKE(CX)
	LOOK(DX)
	REFILL(R14)
	SHRL  $16, CX
	MOVB  CX, (DI)
	INCQ  DI
	MOVL  DX, CX
	JMP   round

exceptionalDist:
	TESTL $const_fSub, CX
	JZ    bad
	MOVL  CX, R14
	TAKE(CX)
	SHRL  $8, CX
	ANDL  $15, CX
	BZHIQ CX, AX, DX
	SHRL  $16, R14
	ADDL  R14, DX
	MOVL  (R9)(DX*4), CX
	TESTL $const_fExc, CX
	JZ    distance

bad:
	MOVL  $const_corrupt, CX
	JMP   done

room:
	MOVL  $const_shortOfRoom, CX

done:
	MOVQ s+0(FP), DX
	SUBQ src+16(FP), SI
	SUBQ dst+24(FP), DI
	ANDL $63, BX
	BZHIQ BX, AX, AX
	MOVQ AX, state_bits(DX)
	MOVQ BX, state_nbits(DX)
	MOVQ SI, state_in(DX)
	MOVQ DI, state_out(DX)
	MOVB CX, ret+32(FP)
	RET

// The loop of readLens over lengths that are written as they are. It ends where
// that does not go on: at a run, at no code, with less than eight bytes of input.
//
// It writes to used[k], where k is at most i, and i less than n, of at most maxLit+maxDist+2
// (readTables), and to count[a length]; it reads eight bytes no later than eight before the end of
// src, and pre by an index of preBits bits.
//
// Registers: AX bits, BX nbits, DX i, DI k, CX an entry, R13 last, R14 scratch, R15 preBits;
// R8 pre, R9 used, R11 count, R12 n, SI src, R10 the last SI at which eight bytes can be read.
//
// func lensBMI2(d *decoder, src *byte, i, n, k int, last uint16) (nextI, nextK int, nextLast uint16)
TEXT ·lensBMI2(SB), NOSPLIT, $0-66
	MOVQ    d+0(FP), CX
	MOVQ    src+8(FP), SI
	MOVQ    i+16(FP), DX
	MOVQ    n+24(FP), R12
	MOVQ    k+32(FP), DI
	MOVWQZX last+40(FP), R13
	LEAQ    (decoder_scratch+scratch_pre)(CX), R8
	LEAQ    (decoder_scratch+scratch_used)(CX), R9
	LEAQ    (decoder_scratch+scratch_count)(CX), R11
	MOVQ    decoder_bits(CX), AX
	MOVQ    decoder_nbits(CX), BX
	LEAQ    -8(SI), R10
	ADDQ    (decoder_src+8)(CX), R10
	ADDQ    decoder_in(CX), SI
	MOVL    $const_preBits, R15
	JMP     more

next:
	INCQ  DX

more:
	CMPQ  DX, R12
	JGE   over
	CMPB  BX, $const_preBits
	JB    refill

look:
	BZHIQ R15, AX, R14
	MOVL  (R8)(R14*4), CX
	TESTL $(const_fRun|const_fExc), CX
	JNZ   over
	SHRXQ CX, AX, AX
	SUBB  CX, BX
	MOVL  CX, R13
	SHRL  $16, R13
	MOVL  DX, R14
	ORL   R13, R14
	MOVW  R14, (R9)(DI*2)
	BTL   $const_fUsedBit, CX
	ADCQ  $0, DI
	MOVL  R13, CX
	SHRL  $const_usedShift, CX
	INCL  (R11)(CX*4)
	JMP   next

refill:
	CMPQ SI, R10
	JHI  over
	REFILL(CX)
	JMP  look

over:
	MOVQ d+0(FP), CX
	SUBQ src+8(FP), SI
	MOVQ AX, decoder_bits(CX)
	MOVQ BX, decoder_nbits(CX)
	MOVQ SI, decoder_in(CX)
	MOVQ DX, nextI+48(FP)
	MOVQ DI, nextK+56(FP)
	MOVW R13, nextLast+64(FP)
	RET

// periods: for each distance below 16, which byte of the period stands where.
DATA periods<>+0(SB)/8, $0x0000000000000000
DATA periods<>+8(SB)/8, $0x0000000000000000
DATA periods<>+16(SB)/8, $0x0000000000000000
DATA periods<>+24(SB)/8, $0x0000000000000000
DATA periods<>+32(SB)/8, $0x0100010001000100
DATA periods<>+40(SB)/8, $0x0100010001000100
DATA periods<>+48(SB)/8, $0x0100020100020100
DATA periods<>+56(SB)/8, $0x0002010002010002
DATA periods<>+64(SB)/8, $0x0302010003020100
DATA periods<>+72(SB)/8, $0x0302010003020100
DATA periods<>+80(SB)/8, $0x0201000403020100
DATA periods<>+88(SB)/8, $0x0004030201000403
DATA periods<>+96(SB)/8, $0x0100050403020100
DATA periods<>+104(SB)/8, $0x0302010005040302
DATA periods<>+112(SB)/8, $0x0006050403020100
DATA periods<>+120(SB)/8, $0x0100060504030201
DATA periods<>+128(SB)/8, $0x0706050403020100
DATA periods<>+136(SB)/8, $0x0706050403020100
DATA periods<>+144(SB)/8, $0x0706050403020100
DATA periods<>+152(SB)/8, $0x0605040302010008
DATA periods<>+160(SB)/8, $0x0706050403020100
DATA periods<>+168(SB)/8, $0x0504030201000908
DATA periods<>+176(SB)/8, $0x0706050403020100
DATA periods<>+184(SB)/8, $0x04030201000a0908
DATA periods<>+192(SB)/8, $0x0706050403020100
DATA periods<>+200(SB)/8, $0x030201000b0a0908
DATA periods<>+208(SB)/8, $0x0706050403020100
DATA periods<>+216(SB)/8, $0x0201000c0b0a0908
DATA periods<>+224(SB)/8, $0x0706050403020100
DATA periods<>+232(SB)/8, $0x01000d0c0b0a0908
DATA periods<>+240(SB)/8, $0x0706050403020100
DATA periods<>+248(SB)/8, $0x000e0d0c0b0a0908
GLOBL periods<>(SB), RODATA|NOPTR, $256

// steps: the most periods of each distance that 16 bytes hold.
DATA steps<>+0(SB)/8, $0x0e0c0f100f101010
DATA steps<>+8(SB)/8, $0x0f0e0d0c0b0a0910
GLOBL steps<>(SB), RODATA|NOPTR, $16
