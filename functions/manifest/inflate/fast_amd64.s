//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// The loop of portable.go in the instructions of BMI2, which shift by a register
// and cut off bits in one step each, for one stream or for two side by side. The
// names are portable.go's.
//
// What a symbol costs is the chain from its entry to the next one, a shift, a cut
// and a load, and the processor does little beside it. A second stream has a
// chain of its own: where a round of one is followed by a round of the other, both
// go on at the same time.
//
// What a round reads and writes is within bounds for these reasons:
//
//	src  it begins at lastIn at the latest, slackIn before the end, and reads three times eight bytes,
//	     going on by seven at most each time
//	dst  it begins at lastOut at the latest, slackOut before the end: it writes three literals, or two and
//	     a match of 258 in steps of 16 of which the first may be 32; and it reads from start on
//	t    an index has litBits or 8 bits, or comes from a link, which fillLong makes for subtables within the table
//
// Registers:
//
//	AX  R9   bits             R8  what the tables are in, lit and dist bytes from its beginning
//	BX  R10  nbits            DX  an entry, a length, where a match ends
//	SI  R11  in               R14 scratch, a distance, where a match comes from
//	DI  R12  out              R15 litBits, and scratch between two lookups
//	CX  R13  e, the entry

// REFILL(tmp, bits, nbits, in): bits |= le64(in) << nbits; in += 7 - nbits>>3&7; nbits |= 56
#define REFILL(tmp, bits, nbits, in) \
	SHLXQ nbits, (in), tmp \
	ORQ   tmp, bits        \
	MOVL  nbits, tmp       \
	SHRL  $3, tmp          \
	ANDL  $7, tmp          \
	ADDQ  $7, in           \
	SUBQ  tmp, in          \
	ORL   $56, nbits

// TAKE(e, bits, nbits): the bits of entry e are used.
#define TAKE(e, bits, nbits) \
	SHRXQ e, bits, bits \
	SUBL  e, nbits

// LOOK(e, bits, lit): e = t.lit[bits&litMask]
#define LOOK(e, bits, lit) \
	BZHIQ R15, bits, e    \
	MOVL  lit(R8)(e*4), e

// VALUE(e, v, bits, nbits): v = e>>16 + bits&(1<<(e&63)-1)>>(e>>8&15); the bits of e are used; e is lost.
#define VALUE(e, v, bits, nbits) \
	BZHIQ e, bits, v     \
	TAKE(e, bits, nbits) \
	SHRL  $8, e          \
	SHRXQ e, v, v        \
	SHRL  $8, e          \
	ADDQ  e, v

// STREAM is a round of one stream, after which it goes on at next, or to done
// with an outcome in end. From round on its words are labels.
#define STREAM(bits, nbits, in, out, e, lit, dist, lastIn, lastOut, start, end, next, round, one, two, notLit, match, distance, long, longer, near, nearer, exceptional, special, longLit, exceptionalDist, bad, room) \
round:                                                          \
	CMPQ  in, lastIn                                            \
	JHI   room                                                  \
	CMPQ  out, lastOut                                          \
	JHI   room                                                  \
	TESTL $const_fLit, e                                        \
	JZ    notLit                                                \
	TAKE(e, bits, nbits)                                        \
	LOOK(DX, bits, lit)                                         \
	SHRL  $16, e                                                \
	MOVB  e, (out)                                              \
	TESTL $const_fLit, DX                                       \
	JZ    one                                                   \
	TAKE(DX, bits, nbits)                                       \
	LOOK(e, bits, lit)                                          \
	SHRL  $16, DX                                               \
	MOVB  DX, 1(out)                                            \
	TESTL $const_fLit, e                                        \
	JZ    two                                                   \
	TAKE(e, bits, nbits)                                        \
	LOOK(DX, bits, lit)                                         \
	REFILL(R14, bits, nbits, in)                                \
	SHRL  $16, e                                                \
	MOVB  e, 2(out)                                             \
	ADDQ  $3, out                                               \
	MOVL  DX, e                                                 \
	JMP   next                                                  \
two:                                                            \
	ADDQ  $2, out                                               \
	JMP   notLit                                                \
one:                                                            \
	INCQ  out                                                   \
	MOVL  DX, e                                                 \
notLit:                                                         \
	TESTL $const_fExc, e                                        \
	JNZ   exceptional                                           \
match:                                                          \
	VALUE(e, DX, bits, nbits)                                   \
	MOVBLZX bits, e                                             \
	MOVL  dist(R8)(e*4), e                                      \
	REFILL(R14, bits, nbits, in)                                \
	TESTL $const_fExc, e                                        \
	JNZ   exceptionalDist                                       \
distance:                                                       \
	VALUE(e, R14, bits, nbits)                                  \
	LOOK(e, bits, lit)                                          \
	CMPQ  R14, $16                                              \
	JB    near                                                  \
	NEGQ  R14                                                   \
	ADDQ  out, R14                                              \
	CMPQ  R14, start                                            \
	JB    bad                                                   \
	MOVOU (R14), X0                                             \
	MOVOU X0, (out)                                             \
	MOVOU 16(R14), X0                                           \
	MOVOU X0, 16(out)                                           \
	CMPQ  DX, $32                                               \
	JHI   long                                                  \
	ADDQ  DX, out                                               \
	REFILL(R14, bits, nbits, in)                                \
	JMP   next                                                  \
long:                                                           \
	ADDQ  out, DX                                               \
longer:                                                         \
	ADDQ  $16, out                                              \
	ADDQ  $16, R14                                              \
	MOVOU 16(R14), X0                                           \
	MOVOU X0, 16(out)                                           \
	LEAQ  32(out), R15                                          \
	CMPQ  R15, DX                                               \
	JB    longer                                                \
	MOVQ  DX, out                                               \
	MOVL  $const_litBits, R15                                   \
	REFILL(R14, bits, nbits, in)                                \
	JMP   next                                                  \
near:                                                           \
	MOVQ  out, R15                                              \
	SUBQ  R14, R15                                              \
	CMPQ  R15, start                                            \
	JB    bad                                                   \
	MOVOU (R15), X0                                             \
	SHLQ  $4, R14                                               \
	LEAQ  periods<>(SB), R15                                    \
	PSHUFB (R15)(R14*1), X0                                     \
	LEAQ  steps<>(SB), R15                                      \
	SHRQ  $4, R14                                               \
	MOVBQZX (R15)(R14*1), R14                                   \
	ADDQ  out, DX                                               \
nearer:                                                         \
	MOVOU X0, (out)                                             \
	ADDQ  R14, out                                              \
	CMPQ  out, DX                                               \
	JB    nearer                                                \
	MOVQ  DX, out                                               \
	MOVL  $const_litBits, R15                                   \
	REFILL(R14, bits, nbits, in)                                \
	JMP   next                                                  \
exceptional:                                                    \
	TESTL $const_fSub, e                                        \
	JZ    special                                               \
	MOVL  e, R14                                                \
	TAKE(e, bits, nbits)                                        \
	SHRL  $8, e                                                 \
	ANDL  $15, e                                                \
	BZHIQ e, bits, DX                                           \
	SHRL  $16, R14                                              \
	ADDL  R14, DX                                               \
	MOVL  lit(R8)(DX*4), e                                      \
	TESTL $const_fLit, e                                        \
	JNZ   longLit                                               \
	TESTL $const_fExc, e                                        \
	JZ    match                                                 \
special:                                                        \
	TAKE(e, bits, nbits)                                        \
	SHRL  $16, e                                                \
	JNZ   bad                                                   \
	MOVB  $const_blockEnd, end                                  \
	JMP   done                                                  \
longLit:                                                        \
	TAKE(e, bits, nbits)                                        \
	LOOK(DX, bits, lit)                                         \
	REFILL(R14, bits, nbits, in)                                \
	SHRL  $16, e                                                \
	MOVB  e, (out)                                              \
	INCQ  out                                                   \
	MOVL  DX, e                                                 \
	JMP   next                                                  \
exceptionalDist:                                                \
	TESTL $const_fSub, e                                        \
	JZ    bad                                                   \
	MOVL  e, R15                                                \
	TAKE(e, bits, nbits)                                        \
	SHRL  $8, e                                                 \
	ANDL  $15, e                                                \
	BZHIQ e, bits, R14                                          \
	SHRL  $16, R15                                              \
	ADDL  R15, R14                                              \
	MOVL  $const_litBits, R15                                   \
	MOVL  dist(R8)(R14*4), e                                    \
	TESTL $const_fExc, e                                        \
	JZ    distance                                              \
bad:                                                            \
	MOVB  $const_corrupt, end                                   \
	JMP   done                                                  \
room:                                                           \
	MOVB  $const_shortOfRoom, end                               \
	JMP   done

// BEGIN takes a stream from where Go left it, s off bytes before it.
#define BEGIN(s, off, src, dst, bits, nbits, in, out, lastIn, lastOut, start) \
	MOVQ (off+state_bits)(s), bits   \
	MOVQ (off+state_nbits)(s), nbits \
	MOVQ src, in                     \
	MOVQ in, R14                     \
	ADDQ (off+state_lastIn)(s), R14  \
	MOVQ R14, lastIn                 \
	ADDQ (off+state_in)(s), in       \
	MOVQ dst, out                    \
	MOVQ out, R14                    \
	ADDQ (off+state_lastOut)(s), R14 \
	MOVQ R14, lastOut                \
	MOVQ out, R14                    \
	ADDQ (off+state_start)(s), R14   \
	MOVQ R14, start                  \
	ADDQ (off+state_out)(s), out     \
	REFILL(R14, bits, nbits, in)

// END leaves it to Go, with bits cut to nbits of them.
#define END(s, off, src, dst, bits, nbits, in, out) \
	ANDL  $63, nbits                  \
	BZHIQ nbits, bits, bits           \
	MOVQ  bits, (off+state_bits)(s)   \
	MOVQ  nbits, (off+state_nbits)(s) \
	SUBQ  src, in                     \
	MOVQ  in, (off+state_in)(s)       \
	SUBQ  dst, out                    \
	MOVQ  out, (off+state_out)(s)

// func fastBMI2(s *state, t *tables, src, dst *byte) (end outcome)
//
// Where it goes on is in s.
TEXT ·fastBMI2(SB), NOSPLIT, $24-33
	MOVQ s+0(FP), DX
	MOVQ t+8(FP), R8
	MOVL $const_litBits, R15
	BEGIN(DX, 0, src+16(FP), dst+24(FP), AX, BX, SI, DI, lastIn-8(SP), lastOut-16(SP), start-24(SP))
	LOOK(CX, AX, tables_lit)

	STREAM(AX, BX, SI, DI, CX, tables_lit, tables_dist, lastIn-8(SP), lastOut-16(SP), start-24(SP), end+32(FP), round, round, one, two, notLit, match, distance, long, longer, near, nearer, exceptional, special, longLit, exceptionalDist, bad, room)

done:
	MOVQ s+0(FP), DX
	END(DX, 0, src+16(FP), dst+24(FP), AX, BX, SI, DI)
	RET

// func fastTwoBMI2(s *[2]state, w *twin, src0, dst0, src1, dst1 *byte) (end0, end1 outcome)
//
// It ends when either stream does; the other one's outcome is running.
TEXT ·fastTwoBMI2(SB), NOSPLIT, $48-50
	MOVQ s+0(FP), DX
	MOVQ w+8(FP), R8
	MOVB $const_running, end0+48(FP)
	MOVB $const_running, end1+49(FP)
	MOVL $const_litBits, R15
	BEGIN(DX, 0, src0+16(FP), dst0+24(FP), AX, BX, SI, DI, lastIn0-8(SP), lastOut0-16(SP), start0-24(SP))
	BEGIN(DX, state__size, src1+32(FP), dst1+40(FP), R9, R10, R11, R12, lastIn1-32(SP), lastOut1-40(SP), start1-48(SP))
	LOOK(CX, AX, (decoder_own+tables_lit))
	LOOK(R13, R9, (decoder__size+decoder_own+tables_lit))

	STREAM(AX, BX, SI, DI, CX, (decoder_own+tables_lit), (decoder_own+tables_dist), lastIn0-8(SP), lastOut0-16(SP), start0-24(SP), end0+48(FP), round1, round0, one0, two0, notLit0, match0, distance0, long0, longer0, near0, nearer0, exceptional0, special0, longLit0, exceptionalDist0, bad0, room0)

	STREAM(R9, R10, R11, R12, R13, (decoder__size+decoder_own+tables_lit), (decoder__size+decoder_own+tables_dist), lastIn1-32(SP), lastOut1-40(SP), start1-48(SP), end1+49(FP), round0, round1, one1, two1, notLit1, match1, distance1, long1, longer1, near1, nearer1, exceptional1, special1, longLit1, exceptionalDist1, bad1, room1)

done:
	MOVQ s+0(FP), DX
	END(DX, 0, src0+16(FP), dst0+24(FP), AX, BX, SI, DI)
	END(DX, state__size, src1+32(FP), dst1+40(FP), R9, R10, R11, R12)
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
	REFILL(CX, AX, BX, SI)
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
