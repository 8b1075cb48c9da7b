//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// So many bytes ahead of its use an entry is fetched: a page, for a file that is
// mapped may be as far from the processor as can be, and what that fetches by itself
// ends where a page ends.
#define AHEAD 4096

// The loop of portable.go in the instructions of AVX2 and BMI2: bytes are compared
// 32 at a time, and the end of the k-th number is found in the bits of where
// numbers end. The names are portable.go's. What differs is gathered, and looked at
// where the entry ends: an entry that does not fit is walked to there, or to what
// cannot be walked, and counts as little as if it had been left at once.
//
// Where a step begins is known when the one before it was walked, each after some
// loads and a dozen cycles: that chain, not the work, would be the time that it
// takes. So it is broken where entries end. Two bytes that were alike in the last
// entries (next.mark) are looked for where those of the next entry may be, and the
// walk goes on from there if it does end there: the processor, which foresees that,
// has begun with the next entry long before. Else the place found was nothing but a
// guess, and is forgotten.
//
// What is read is within bounds for these reasons: at the beginning of an entry,
// and after every action that goes on by more than eight bytes, it is looked at
// whether there are need bytes, which the steps up to the next such action read
// at most, it included (Pattern.End); list and many look again before each 64
// bytes more. places has room for every step of every entry. Before the 65 bytes
// in which the next entry is looked for, and the two that are looked for, it is
// looked at whether there are so many. What is fetched ahead of its use need not be
// there.
//
// Registers:
//
//	SI  the first byte of b      R10  the step        AX BX CX  scratch
//	DX  at                       R11  the first step  DI  where the entry begins
//	R8  bytes of b               R12  places          R13 entries that may follow
//	R9  last                     R15  the next entry  R14 what is compared next
//	Y5 Y6  bytes that it has     Y7   what differs
//
// func walkAVX2(steps *step, chunks *common, next *next, b *byte, from, length, last, most int, places *int32) (n, to int)
TEXT ·walkAVX2(SB), NOSPLIT, $40-88
	MOVQ steps+0(FP), R11
	MOVQ next+16(FP), AX
	MOVQ b+24(FP), SI
	MOVQ from+32(FP), DX
	MOVQ length+40(FP), R8
	MOVQ last+48(FP), R9
	MOVQ most+56(FP), R13
	MOVQ places+64(FP), R12
	MOVL next_lines(AX), CX
	MOVQ CX, lines-24(SP)
	MOVL next_mark(AX), CX
	MOVQ CX, mark-32(SP)
	MOVL next_after(AX), BX
	XORL R15, R15

	// Without a mark the next entry is never near enough to be looked for.
	MOVQ    $1<<40, AX
	TESTL   CX, CX
	CMOVQEQ AX, BX
	MOVQ    BX, after-40(SP)
	JEQ     entry

marked:
	// The entry at DX is as the next one may be.
	ADDQ         DX, CX
	LEAQ         2(CX), AX
	CMPQ         AX, R8
	JHI          entry
	VPBROADCASTB (SI)(CX*1), Y6
	VPBROADCASTB 1(SI)(CX*1), Y5

entry:
	MOVQ  DX, DI
	MOVQ  R11, R10
	MOVQ  chunks+8(FP), R14
	VPXOR Y7, Y7, Y7
	LEAQ  AHEAD(SI)(DX*1), BX
	MOVL  lines-24(SP), CX

fetch:
	PREFETCHT0 (BX)
	ADDQ       $64, BX
	DECL       CX
	JNS        fetch

	// Where is the mark of the next entry?
	MOVQ      after-40(SP), AX
	ADDQ      DX, AX
	MOVQ      mark-32(SP), BX
	ADDQ      AX, BX
	LEAQ      65(BX), CX
	CMPQ      CX, R8
	JHI       look
	VPCMPEQB  (SI)(BX*1), Y6, Y0
	VPCMPEQB  1(SI)(BX*1), Y5, Y1
	VPAND     Y0, Y1, Y1
	VPMOVMSKB Y1, CX
	VPCMPEQB  32(SI)(BX*1), Y6, Y0
	VPCMPEQB  33(SI)(BX*1), Y5, Y1
	VPAND     Y0, Y1, Y1
	VPMOVMSKB Y1, BX
	SHLQ      $32, BX
	ORQ       BX, CX
	TZCNTQ    CX, CX
	LEAQ      (AX)(CX*1), R15

look:
	MOVL step_need(R10), AX
	ADDQ DX, AX
	CMPQ AX, R8
	JHI  out

step:
	LEAQ (SI)(DX*1), BX
	MOVL DX, (R12)
	ADDQ $4, R12
	MOVL step_chunks(R10), CX

compare:
	MOVL    common_at(R14), AX
	VMOVDQU (BX)(AX*1), Y0
	VPXOR   common_value(R14), Y0, Y0
	VPAND   common_mask(R14), Y0, Y0
	VPOR    Y0, Y7, Y7
	ADDQ    $common__size, R14
	DECL    CX
	JNZ     compare

	MOVL  step_n(R10), CX
	MOVL  step_then(R10), AX
	ADDQ  CX, DX
	MOVL  step_k(R10), CX
	ADDQ  $step__size, R10
	TESTL AX, AX
	JNE   notFew

	MOVQ   (SI)(DX*1), AX
	ANDNQ  stopBits<>(SB), AX, AX
	PDEPQ  AX, CX, AX
	TZCNTQ AX, AX
	JCS    out
	SHRL   $3, AX
	LEAQ   1(DX)(AX*1), DX
	JMP    step

notFew:
	CMPL AX, $const_list
	JEQ  isList
	JHI  manyOrEnd

	// bytes
	MOVWLZX (SI)(DX*1), AX
	TESTL   $0x81, AX
	JNZ     twoBytes
	SHRL    $1, AX
	ANDL    $0x3f, AX
	LEAQ    1(DX)(AX*1), DX
	JMP     look

twoBytes:
	MOVL AX, BX
	ANDL $0x8081, BX
	CMPL BX, $0x80
	JNE  out
	MOVL AX, BX
	SHRL $8, BX
	SHLL $6, BX
	ANDL $0x7f, AX
	SHRL $1, AX
	ORL  BX, AX
	LEAQ 2(DX)(AX*1), DX
	JMP  look

manyOrEnd:
	CMPL   AX, $const_many
	JEQ    numbers
	VPTEST Y7, Y7
	JNZ    out
	CMPQ   DX, R9
	JHI    out
	DECQ   R13
	JZ     all
	CMPQ   DX, R15
	JNE    missed
	MOVQ   R15, DX // not DX, which is known much later
	JMP    entry

all:
	MOVQ DX, DI
	JMP  out

missed:
	// What it was looked for by may have become another, and entries may have become
	// shorter or longer than what it was looked for in says.
	MOVQ  mark-32(SP), CX
	TESTQ CX, CX
	JEQ   entry
	MOVQ  next+16(FP), BX
	INCL  next_missed(BX)
	MOVQ  DX, AX
	SUBQ  DI, AX
	CMPQ  AX, after-40(SP)
	JLT   moved
	SUBQ  $63, AX
	CMPQ  AX, after-40(SP)
	JLE   marked

moved:
	MOVQ AX, after-40(SP)
	JMP  marked

isList:
	// It may be as lists of so many items were before.
	MOVBLZX   (SI)(DX*1), AX
	CMPL      AX, $(2*const_sizes)
	JCC       otherList
	MOVBLZX   (step_sizes-step__size)(R10)(AX*1), BX
	TESTL     BX, BX
	JZ        otherList
	VMOVDQU   1(SI)(DX*1), Y1
	VPMOVMSKB Y1, CX
	BZHIL     BX, CX, CX
	CMPL      CX, (step_goOn-step__size)(R10)(AX*2)
	JNE       otherList
	ADDQ      DX, BX
	CMPB      (SI)(BX*1), $0
	JNE       otherList
	LEAQ      1(BX), DX
	JMP       look

otherList:
	TESTL $0x81, AX
	JNZ   out
	INCQ  DX
	SHRL  $1, AX
	JZ    look
	MOVL  (step_k-step__size)(R10), CX
	IMULL AX, CX
	MOVQ  AX, items-8(SP)
	MOVQ  DX, begins-16(SP)

	// Here are the CX numbers of list and many.
numbers:
	VMOVDQU   (SI)(DX*1), Y1
	VMOVDQU   32(SI)(DX*1), Y2
	VPMOVMSKB Y1, AX
	VPMOVMSKB Y2, BX
	SHLQ      $32, BX
	ORQ       BX, AX
	NOTQ      AX
	POPCNTQ   AX, BX
	CMPQ      CX, BX
	JLS       found
	SUBQ      BX, CX
	ADDQ      $64, DX
	LEAQ      const_ahead(DX), AX
	CMPQ      AX, R8
	JHI       out
	JMP       numbers

found:
	DECL      CX
	MOVL      $1, BX
	SHLXQ     CX, BX, BX
	PDEPQ     AX, BX, AX
	TZCNTQ    AX, AX
	LEAQ      1(DX)(AX*1), DX
	CMPL      (step_then-step__size)(R10), $const_list
	JNE       look
	CMPB      (SI)(DX*1), $0
	JNE       out
	INCQ      DX
	MOVQ      begins-16(SP), CX
	MOVQ      items-8(SP), AX
	MOVQ      DX, BX
	SUBQ      CX, BX
	CMPQ      BX, $32
	JHI       look
	CMPL      AX, $const_sizes
	JCC       look
	VMOVDQU   (SI)(CX*1), Y1
	VPMOVMSKB Y1, CX
	BZHIL     BX, CX, CX
	MOVL      CX, (step_goOn-step__size)(R10)(AX*4)
	MOVB      BX, (step_sizes-step__size)(R10)(AX*2)
	JMP       look

out:
	// DI is where the entry begins that does not fit, or behind the last one.
	VZEROUPPER
	MOVQ next+16(FP), BX
	MOVQ after-40(SP), AX
	MOVL AX, next_after(BX)
	MOVQ DI, to+80(FP)
	MOVQ most+56(FP), AX
	SUBQ R13, AX
	MOVQ AX, n+72(FP)
	RET

DATA stopBits<>(SB)/8, $0x8080808080808080
GLOBL stopBits<>(SB), RODATA|NOPTR, $8

// The numbers of portablePairs. Each round reads eight bytes, which Pairs saw to be
// there, and writes one of first and one of second.
//
// func pairsBMI2(b *byte, places *int32, steps, offset, n int, first, second *int64)
TEXT ·pairsBMI2(SB), NOSPLIT, $0-56
	MOVQ b+0(FP), SI
	MOVQ places+8(FP), R12
	MOVQ steps+16(FP), R10
	ADDQ offset+24(FP), SI
	MOVQ n+32(FP), R13
	MOVQ first+40(FP), DI
	MOVQ second+48(FP), R11
	MOVQ $0x8080808080808080, R15
	MOVQ $0x7f7f7f7f7f7f7f7f, R14

pair:
	MOVLQSX (R12), AX
	LEAQ    (R12)(R10*4), R12
	MOVQ    (SI)(AX*1), AX
	ANDNQ   R15, AX, BX
	BLSMSKQ BX, CX
	BLSRQ   BX, BX
	BLSMSKQ BX, BX
	ANDNQ   BX, CX, BX
	ANDQ    R14, CX
	ANDQ    R14, BX
	PEXTQ   CX, AX, CX
	PEXTQ   BX, AX, BX
	MOVQ    CX, AX
	SHRQ    $1, CX
	ANDL    $1, AX
	NEGQ    AX
	XORQ    AX, CX
	MOVQ    CX, (DI)
	MOVQ    BX, AX
	SHRQ    $1, BX
	ANDL    $1, AX
	NEGQ    AX
	XORQ    AX, BX
	MOVQ    BX, (R11)
	ADDQ    $8, DI
	ADDQ    $8, R11
	DECQ    R13
	JNZ     pair
	RET
