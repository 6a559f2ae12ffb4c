/* SPDX-License-Identifier: BSD-2-Clause */
/* A known answer for each algorithm and key size that an SA may use. */
#include <assert.h>

#include "crypto/crypto_priv.h"

/*
 * Fixed inputs: encryption key 00 01 02 ..., authentication key 40 41 42 ..., 8 bytes a0 a1 ... of
 * header, text c0 c1 ... (32), IV b0 b1 ... as long as the algorithm wants it; AES-CTR counts from 1
 * behind 12 bytes of it. Ciphers answer with the ciphertext, AEADs with ciphertext || ICV, MACs, over
 * header || text, with the ICV. All computed with OpenSSL, but AES-XCBC and the keyed hashes: these by a
 * model written after RFC 3566, RFC 1828 and RFC 1852 that uses OpenSSL's AES, MD5 and SHA-1.
 */
const struct kat kats[] = {
	{ ALG_AES_GCM_16, 20,
		"9e08725e0352edf876e391cd19b7d129098285a41d37c131792fdd6266cefc18"
		"acdd2beecd671ecc29791c12a32086a8" },
	{ ALG_AES_GCM_16, 28,
		"7c279194cc931bd2dfdf5ccd448dabdd45f3278ee4c854a1b127816ef2ae64c0"
		"4bde46553e6c32ef6886d656cfe7e403" },
	{ ALG_AES_GCM_16, 36,
		"5994986828087d988f315d690190460d54ed9b01c1fb59e28617582a805f2cc9"
		"c5b1c4cdb51704181a07d37033339809" },
	{ ALG_AES_GCM_12, 20,
		"9e08725e0352edf876e391cd19b7d129098285a41d37c131792fdd6266cefc18"
		"acdd2beecd671ecc29791c12" },
	{ ALG_AES_GCM_12, 28,
		"7c279194cc931bd2dfdf5ccd448dabdd45f3278ee4c854a1b127816ef2ae64c0"
		"4bde46553e6c32ef6886d656" },
	{ ALG_AES_GCM_12, 36,
		"5994986828087d988f315d690190460d54ed9b01c1fb59e28617582a805f2cc9"
		"c5b1c4cdb51704181a07d370" },
	{ ALG_AES_GCM_8, 20,
		"9e08725e0352edf876e391cd19b7d129098285a41d37c131792fdd6266cefc18"
		"acdd2beecd671ecc" },
	{ ALG_AES_GCM_8, 28,
		"7c279194cc931bd2dfdf5ccd448dabdd45f3278ee4c854a1b127816ef2ae64c0"
		"4bde46553e6c32ef" },
	{ ALG_AES_GCM_8, 36,
		"5994986828087d988f315d690190460d54ed9b01c1fb59e28617582a805f2cc9"
		"c5b1c4cdb5170418" },
	{ ALG_AES_CCM_16, 19,
		"17ac6bc3a9f776188273862df35a66b3d0d9725dc73b557444ad4de19830fa41"
		"f35ecca68578245512d67ad864ad93e9" },
	{ ALG_AES_CCM_16, 27,
		"f622ec7bc56c0b2df6ab88edb1c89078ce1a7eb923f1fcc025cf49e7abf670b1"
		"85f1cee757f4ac6a3e4deac7202f4d30" },
	{ ALG_AES_CCM_16, 35,
		"1e0068f655cfdef25d6f895011f48e374c4492ae396181fb2b4cf7f08fff7e85"
		"61a2555425fc33d5a62b32a76c50c205" },
	{ ALG_AES_CCM_12, 19,
		"17ac6bc3a9f776188273862df35a66b3d0d9725dc73b557444ad4de19830fa41"
		"20736dfc6c0193223717dab2" },
	{ ALG_AES_CCM_12, 27,
		"f622ec7bc56c0b2df6ab88edb1c89078ce1a7eb923f1fcc025cf49e7abf670b1"
		"0042ed308971f1f379adf65c" },
	{ ALG_AES_CCM_12, 35,
		"1e0068f655cfdef25d6f895011f48e374c4492ae396181fb2b4cf7f08fff7e85"
		"2fd32bfc7eceb30600ca0920" },
	{ ALG_AES_CCM_8, 19,
		"17ac6bc3a9f776188273862df35a66b3d0d9725dc73b557444ad4de19830fa41"
		"430f674b0e33f5e5" },
	{ ALG_AES_CCM_8, 27,
		"f622ec7bc56c0b2df6ab88edb1c89078ce1a7eb923f1fcc025cf49e7abf670b1"
		"86ad0771b89fbfe6" },
	{ ALG_AES_CCM_8, 35,
		"1e0068f655cfdef25d6f895011f48e374c4492ae396181fb2b4cf7f08fff7e85"
		"6cf82460f9fd120d" },
	{ ALG_CHACHA20_POLY1305, 36,
		"57bce36b392d4f408bbf5c4d63871dfffe1180755f30eb1397c7d8b328df14fe"
		"a7dd46a0c48dc38d1f72f271e37df7ad" },
	{ ALG_AES_GMAC, 20,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"47298d2d510318a621d17a58400dbe9c" },
	{ ALG_AES_GMAC, 28,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"650140ffb0214e4e1a664c3cc1ed446f" },
	{ ALG_AES_GMAC, 36,
		"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
		"5a944813c60ad905090e7ba0c2bdf5de" },
	{ ALG_AES_CBC, 16, "4cd8ba79a9f1e320aa59c44334601a713cdbc3a0b33cacacebc7044864cee5d6" },
	{ ALG_AES_CBC, 24, "def1a6d511f3c8a598bbc8984f45df98e825e9a6fc20e91129110a040de446bb" },
	{ ALG_AES_CBC, 32, "5b3126421a3eb99c6b26b7605efa33b32ad75fad75a4bec43cf3ed5ed8e107ca" },
	{ ALG_AES_CTR, 20, "7c593c0bf295a73469b05eeffd80fcb78e18624e1342fde866f381dd09a7c139" },
	{ ALG_AES_CTR, 28, "a42e15423c724193230498cfd03487276c378184dc830bc2cfcf4cdd549dbbcd" },
	{ ALG_AES_CTR, 36, "b2e1f7f64fbf0c23ae581643cb308c654984887838186d889f214d791180561d" },
	{ ALG_CAMELLIA_CBC, 16,
		"4e9de4156770d40778413f2ea4c149d3e5f23871a6ad5e9b852089b97465383f" },
	{ ALG_CAMELLIA_CBC, 24,
		"990de2c7024b1a33a28c7ecf2c54b660eab7389cf0044a246bf2cb9495bba74c" },
	{ ALG_CAMELLIA_CBC, 32,
		"279520299a884937589c2ec647713fe3a84a7d82e3c2b628420e8b8a04d95cfc" },
	{ ALG_3DES_CBC, 24, "93c953e33c5e717d07e84682503fe7e93c27b7f9a63491de0ffecee2d86b5b2d" },
	{ ALG_DES_CBC, 8, "a174865a84a7b7d4ad4aee5ff91d630729f49401ab4f4accf6fb14659ad4b291" },
	{ ALG_CAST128_CBC, 16, "cdbe520b84c6f321278fd569eea1932082a7adf31e401b3d25043e3a0d69f440" },
	{ ALG_BLOWFISH_CBC, 16,
		"ca30e1a6ea8207f8d032cc889e87abed01d09c743bce1e20797359cb532fab0e" },
	{ ALG_NULL_ENC, 0, "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf" },
	{ ALG_HMAC_SHA1, 20, "3d09fa56fdb3e2afde2bcd96" },
	{ ALG_HMAC_SHA256, 32, "49d733871a5e37b27bf98587579c2018" },
	{ ALG_HMAC_SHA256_96, 32, "49d733871a5e37b27bf98587" },
	{ ALG_HMAC_SHA384, 48, "5b102eeb34f9d3c075eb68e9cd11d6d75c88dc8979f84bfe" },
	{ ALG_HMAC_SHA512, 64, "91cc3d0f3092d5c425caa2f10400300c7cfbf1572267d036e93d4663806218f9" },
	{ ALG_HMAC_MD5, 16, "89dccc848fd141338f54d323" },
	{ ALG_HMAC_RIPEMD160, 20, "22c018510c76c00843df7ba6" },
	{ ALG_AES_XCBC_MAC, 16, "4e140e19514c8751e339c062" },
	{ ALG_AES_CMAC_96, 16, "1d23222000bfd06485044e90" },
	{ ALG_AES_GMAC_AUTH, 20, "838da382738e305243d36fdc807c3035" },
	{ ALG_AES_GMAC_AUTH, 28, "7a925a8c21640a9848ae0c48d9a55113" },
	{ ALG_AES_GMAC_AUTH, 36, "9ca4b9da011b088a87c4aeb95b5119ea" },
	{ ALG_KEYED_MD5, 16, "5661400f8256eda137089805be831ef1" },
	{ ALG_KEYED_SHA1, 20, "13d7b220ee43d22685c1fce80a45711778510491" },
	{ ALG_NULL_AUTH, 0, "000000000000000000000000" },
};
static_assert(ARRAY_LEN(kats) <= KAT_MAX, "the report has a line for each answer and engine");

const unsigned int nkats = ARRAY_LEN(kats);

enum alg_code
kat_code(const struct alg *a)
{
	switch (a->code) { /* the same to an engine: the IV is where it always is */
	case ALG_AES_GCM_16_IIV:
		return ALG_AES_GCM_16;
	case ALG_AES_CCM_8_IIV:
		return ALG_AES_CCM_8;
	case ALG_CHACHA20_POLY1305_IIV:
		return ALG_CHACHA20_POLY1305;
	default:
		return a->code;
	}
}

bool
kat_covers(const struct kat *k, const struct alg *a, unsigned int key_len)
{
	/* Ciphers that take any number of bytes are tested with one. */
	return k->code == kat_code(a) && (k->key_len == key_len || a->key_step_bits == 8);
}
