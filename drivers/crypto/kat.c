/* SPDX-License-Identifier: BSD-2-Clause */
/* Known answers for each combination of algorithms and key size that ESP may use. */
#include <assert.h>

#include "crypto/crypto_priv.h"

/*
 * Answers computed with OpenSSL for fixed inputs: encryption key 00 01 02 ..., authentication key
 * 40 41 42 ..., 8 bytes a0 a1 ... of header, IV b0 b1 ... (12 bytes with GCM), text c0 c1 ... (32).
 * The answer is ciphertext || ICV.
 */
const struct kat kats[] = {
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 20, 0,
		"9e08725e0352edf876e391cd19b7d129098285a41d37c131792fdd6266cefc18"
		"acdd2beecd671ecc29791c12a32086a8" },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 28, 0,
		"7c279194cc931bd2dfdf5ccd448dabdd45f3278ee4c854a1b127816ef2ae64c0"
		"4bde46553e6c32ef6886d656cfe7e403" },
	{ ALG_AES_GCM_16, ALG_CODE_NONE, 36, 0,
		"5994986828087d988f315d690190460d54ed9b01c1fb59e28617582a805f2cc9"
		"c5b1c4cdb51704181a07d37033339809" },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 16, 20,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"979b689fa6b265a3b1ff3331" },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 16, 32,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"d4c5cfa039dfca8b6df48f95eee2ea69" },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 16, 48,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"fd66848a40daed2f5a49e8eafc2d578aca654db5f016cdef" },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 16, 64,
		"4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6"
		"2f36208a242c657a1deacd6ed967f304998263d2550dba03196ef2afd4c07e2f" },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 24, 20,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"f45fd80fe6b8c5092da43fbe" },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 24, 32,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"52c62885a8a8fb60de0a276d50a209d8" },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 24, 48,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"287fb1b5d12491ffbbd4b1e8a8d69d9ea392fe3fcef47aab" },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 24, 64,
		"def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb"
		"7b3e21d6372219dad6b07ba303ff7af03fabb70584d1883abe80e2bdf4f9ea15" },
	{ ALG_AES_CBC, ALG_HMAC_SHA1, 32, 20,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"f078f497c57d28e6c4b8197a" },
	{ ALG_AES_CBC, ALG_HMAC_SHA256, 32, 32,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"dc249cfbda4218c5b6a45f49a3a99e4c" },
	{ ALG_AES_CBC, ALG_HMAC_SHA384, 32, 48,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"3252e4e9c9619683f286bec7247d1e0ebc1e8ff20a69f231" },
	{ ALG_AES_CBC, ALG_HMAC_SHA512, 32, 64,
		"5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca"
		"11d658d048ca0e8f893f525092c2a9a8713266e3e968a545ea5234c84b904752" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA1, 0, 20,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"3d09fa56fdb3e2afde2bcd96" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA256, 0, 32,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"49d733871a5e37b27bf98587579c2018" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA384, 0, 48,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"5b102eeb34f9d3c075eb68e9cd11d6d75c88dc8979f84bfe" },
	{ ALG_NULL_ENC, ALG_HMAC_SHA512, 0, 64,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"91cc3d0f3092d5c425caa2f10400300c7cfbf1572267d036e93d4663806218f9" },
};
static_assert(ARRAY_LEN(kats) <= KAT_MAX, "the report has a line for each answer and engine");

const unsigned int nkats = ARRAY_LEN(kats);
