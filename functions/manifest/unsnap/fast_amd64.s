//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// The loop of portable.go, so that hardly a branch of it depends on what cannot be
// foreseen. That an element is a literal or a copy can be, as they mostly
// alternate; what is not asked is how long a copy is, or how many bytes of offset
// it has. The table of copies says that.
//
// What a round waits for is the tag of the next element. From a literal to the copy
// behind it that is a load from where the literal's length says. From a copy on it
// is less: its offset and whichever tag is behind that are in one load of four
// bytes, which begins while the copy's own tag is waited for.
//
// What a round reads and writes is within bounds for these reasons:
//
//	src  it begins at lastIn at the latest, slackIn before the end. A literal is read as 64 bytes and has 60 at
//	     most; behind it a copy's five bytes and the next tag are read. A long literal has at most as many bytes
//	     as there are from its tag to lastIn; these begin up to five after the tag and are read in steps of 64
//	dst  it begins at lastOut at the latest, slackOut before the end. A literal is written as 64 bytes and has 60
//	     at most, and a copy is 64 behind it. A long literal ends at lastOut at the latest, as do copies that
//	     overlap if they are several; one alone begins there at the latest. Both are written in steps of at most
//	     64, the last of which begins before their end. A copy reads from the output's beginning on at the
//	     earliest, and 64 bytes at most, which is not behind what it writes
//
// Registers:
//
//	SI  in                    R11 t, what tables there are
//	DI  out                   R12 a copy's offset
//	BX  the tag at in         R13 where an element comes from
//	CX  an element's length   R14 how many bytes of a copy there are behind its tag
//	R8  the output's beginning
//	R9  lastIn                AX DX R15 scratch
//	R10 lastOut

// MOVE64(from, to): 64 bytes, wherever they overlap.
#define MOVE64(from, to) \
	VMOVDQU (from), Y0   \
	VMOVDQU 32(from), Y1 \
	VMOVDQU Y0, (to)     \
	VMOVDQU Y1, 32(to)

// func fastAVX2(dst, src *byte, in, out, lastIn, lastOut int, t *tables) (nextIn, nextOut int)
TEXT ·fastAVX2(SB), NOSPLIT, $0-72
	MOVQ dst+0(FP), R8
	MOVQ src+8(FP), AX
	MOVQ in+16(FP), SI
	MOVQ out+24(FP), DI
	MOVQ lastIn+32(FP), R9
	MOVQ lastOut+40(FP), R10
	MOVQ t+48(FP), R11
	ADDQ AX, SI
	ADDQ AX, R9
	ADDQ R8, DI
	ADDQ R8, R10
	MOVBLZX (SI), BX

round:
	CMPQ  SI, R9
	JHI   done
	CMPQ  DI, R10
	JHI   done
	TESTL $3, BX
	JNZ   copy

	VMOVDQU 1(SI), Y0
	CMPL    BX, $(32<<2) // the tag of the first that is longer than 32
	JAE     literal64
	VMOVDQU Y0, (DI)

literalMoved:
	SHRL    $2, BX
	LEAQ    2(SI)(BX*1), AX
	LEAQ    1(DI)(BX*1), DI
	MOVBLZX 2(SI)(BX*1), BX
	MOVQ    AX, SI
	TESTL   $3, BX
	JZ      round

copy:
	MOVL  tables_copies(R11)(BX*4), DX
	MOVL  1(SI), R12
	ANDL  $3, BX
	MOVL  BX, R14
	LEAQ  1(SI)(BX*1), SI
	SHLL  $3, BX
	SHRXL BX, R12, BX
	MOVBLZX BX, BX   // the next tag, unless this is a copy4
	MOVBLZX DX, CX
	SHRL  $8, DX
	BZHIL DX, R12, R12
	SHRL  $8, DX
	ADDL  DX, R12
	CMPL  R12, CX
	JB    odd

apart:
	MOVQ DI, R13
	SUBQ R12, R13
	CMPQ R13, R8
	JB   undo
	MOVE64(R13, DI)
	ADDQ CX, DI
	JMP  round

literal64:
	CMPL    BX, $const_firstLong
	JAE     long
	VMOVDQU 33(SI), Y1
	VMOVDQU Y0, (DI)
	VMOVDQU Y1, 32(DI)
	JMP     literalMoved

// A literal whose length is in the one to four bytes behind its tag.
long:
	LEAL  -(const_firstLong-4)(BX), AX
	MOVL  1(SI), CX
	LEAL  (AX)(AX*1), DX
	BZHIL DX, CX, CX
	SHRL  $2, AX
	INCQ  CX
	CMPQ  CX, $1024 // memmove knows better
	JHI   done
	MOVQ  R10, DX
	SUBQ  DI, DX
	CMPQ  CX, DX
	JHI   done
	MOVQ  R9, DX
	SUBQ  SI, DX
	CMPQ  CX, DX
	JHI   done
	LEAQ  1(SI)(AX*1), R13
	LEAQ  (R13)(CX*1), SI
	MOVBLZX (SI), BX
	MOVQ  DI, R15
	ADDQ  CX, DI

long64:
	MOVE64(R13, R15)
	ADDQ $64, R13
	ADDQ $64, R15
	CMPQ R15, DI
	JB   long64
	JMP  round

// A copy from nowhere, of bytes that it writes itself, or a copy4.
odd:
	CMPL CX, $const_oddCopy
	JNE  overlap
	MOVBLZX -4(SI), CX
	MOVL -3(SI), R12
	SHRL $2, CX
	INCL CX
	MOVBLZX 1(SI), BX
	INCQ SI
	MOVL $4, R14
	MOVQ DI, R13
	SUBQ R8, R13
	CMPQ R12, R13 // before taking it from an address, which may be less
	JHI  undo
	CMPL R12, CX
	JAE  apart

overlap:
	TESTL R12, R12
	JZ    undo
	CMPQ  DI, R10
	JHI   undo
	MOVQ  DI, R13
	SUBQ  R12, R13
	CMPQ  R13, R8
	JB    undo
	ADDQ  DI, CX // where it ends

// As long as there are copy2 from as far, as in a long repetition, they are one with this.
longer:
	CMPQ    SI, R9
	JHI     longest
	MOVL    BX, AX
	ANDL    $3, AX
	CMPL    AX, $const_copy2
	JNE     longest
	MOVWLZX 1(SI), AX
	CMPL    AX, R12
	JNE     longest
	MOVL    BX, AX
	SHRL    $2, AX
	LEAQ    1(CX)(AX*1), AX
	CMPQ    AX, R10
	JHI     longest
	MOVQ    AX, CX
	MOVBLZX 3(SI), BX
	ADDQ    $3, SI
	JMP     longer

// What is written is what is held, again and again where a period of it ends:
// nothing is read that was written a moment ago, which would have to wait.
longest:
	MOVQ    DI, R15
	VMOVDQU (R13), Y1
	CMPL    R12, $16
	JA      again
	MOVL    R12, DX
	SHLL    $6, DX
	VINSERTI128 $1, X1, Y1, Y0
	VPSHUFB tables_periods(R11)(DX*1), Y0, Y1
	VPSHUFB (tables_periods+32)(R11)(DX*1), Y0, Y2
	MOVBLZX tables_steps(R11)(R12*1), R12
	JMP     write

again:
	VMOVDQU 32(R13), Y2

write:
	VMOVDQU Y1, (R15)
	VMOVDQU Y2, 32(R15)
	ADDQ    R12, R15
	CMPQ    R15, CX
	JB      write
	MOVQ    CX, DI
	JMP     round

// Before the copy again: element says what is wrong with it, or does it.
undo:
	SUBQ R14, SI
	DECQ SI

done:
	MOVQ src+8(FP), AX
	SUBQ AX, SI
	SUBQ R8, DI
	MOVQ SI, nextIn+56(FP)
	MOVQ DI, nextOut+64(FP)
	VZEROUPPER
	RET
