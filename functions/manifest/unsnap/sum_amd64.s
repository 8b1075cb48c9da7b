//go:build amd64 && !purego

#include "go_asm.h"
#include "textflag.h"

// A CRC is what is left of a polynomial when it is divided by another, and that does
// not change where a part of the first is replaced by what is left of it: here 256
// bytes at a time are multiplied to where the next 256 are, and added to these
// (Gopal et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ). What
// hash/crc32 does with 64 bytes at a time this does with four times as many.

// FOLD(k, z, to): to = z multiplied by k, + to
#define FOLD(k, z, to) \
	VPCLMULQDQ  $0x00, k, z, Z4 \
	VPCLMULQDQ  $0x11, k, z, Z5 \
	VPTERNLOGQ  $0x96, Z4, Z5, to

// NEXT(i, z): z = z multiplied by Z8, + 64 bytes at SI
#define NEXT(i, z) \
	VPCLMULQDQ  $0x00, Z8, z, Z4 \
	VPCLMULQDQ  $0x11, Z8, z, z  \
	VPTERNLOGQ  $0x96, i(SI), Z4, z

// The last 256 are made 64 in the same way, which are to's; what that reads is n bytes
// from p on, in steps of 256.
//
// func foldAVX512(p *byte, n int, to *[64]byte)
TEXT ·foldAVX512(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ to+16(FP), DI

	MOVQ        $const_fold2048, AX
	VMOVQ       AX, X8
	MOVQ        $const_fold2048High, AX
	VPINSRQ     $1, AX, X8, X8
	VSHUFI32X4  $0, Z8, Z8, Z8
	MOVQ        $const_fold512, AX
	VMOVQ       AX, X9
	MOVQ        $const_fold512High, AX
	VPINSRQ     $1, AX, X9, X9
	VSHUFI32X4  $0, Z9, Z9, Z9

	VMOVDQU64 (SI), Z0
	VMOVDQU64 64(SI), Z1
	VMOVDQU64 128(SI), Z2
	VMOVDQU64 192(SI), Z3
	MOVL      $-1, AX      // what a sum begins with
	VMOVD     AX, X4
	VPXORQ    Z4, Z0, Z0

loop:
	ADDQ $256, SI
	SUBQ $256, CX
	JLE  end
	NEXT(0, Z0)
	NEXT(64, Z1)
	NEXT(128, Z2)
	NEXT(192, Z3)
	JMP  loop

end:
	FOLD(Z9, Z0, Z1)
	FOLD(Z9, Z1, Z2)
	FOLD(Z9, Z2, Z3)
	VMOVDQU64 Z3, (DI)
	VZEROUPPER
	RET
