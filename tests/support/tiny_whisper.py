"""A Whisper model of a few numbers, made as a real one is: by transformers, then converted for CTranslate2."""

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GenerationConfig, PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration

from benchmark.config.languages import LANGUAGES

LETTERS = sorted(pre_tokenizers.ByteLevel.alphabet())
# By the empty token CTranslate2 knows a model of many languages.
TEXT = {True: [*LETTERS, ""], False: LETTERS}
TASKS = ("translate", "transcribe", "startoflm", "startofprev", "nospeech", "notimestamps")
SPECIAL = [f"<|{name}|>" for name in ("endoftext", "startoftranscript", *LANGUAGES, *TASKS)]
N_TIMES = 1501  # tokens of times, 0 to 30 s


def write_whisper(folder, language, letter, many=True):
    """Write a model into ``folder`` that takes all sound for a language, and hears one letter again and again.

    Its last normalisation gives one vector whatever it is given, so that the logits are a column of its embeddings.
    ``many``: it knows all languages, else English alone. Return the folder of the model for CTranslate2."""
    tokenizer = _tokenizer(TEXT[many])
    at = tokenizer.convert_tokens_to_ids
    torch.manual_seed(0)
    model = WhisperForConditionalGeneration(_config(len(TEXT[many])))
    with torch.no_grad():
        last, embedded = model.model.decoder.layer_norm, model.model.decoder.embed_tokens.weight
        last.weight.zero_()
        last.bias.copy_(torch.eye(len(last.bias))[0])
        embedded[:, 0] = -5.0
        embedded[at(f"<|{language}|>"), 0] = 5.0
        embedded[at(letter), 0] = 15.0
        embedded[len(TEXT[many]) + len(SPECIAL) + 50, 0] = 0.0  # one second: what is heard ends there
    model.save_pretrained(folder / "torch")
    languages = {f"<|{code}|>": at(f"<|{code}|>") for code in LANGUAGES}
    GenerationConfig(eos_token_id=at("<|endoftext|>"), lang_to_id=languages).save_pretrained(folder / "torch")
    tokenizer.save_pretrained(folder / "torch")
    converter = TransformersConverter(str(folder / "torch"), copy_files=["tokenizer.json"])
    return converter.convert(str(folder / "converted"))


def _config(end):
    return WhisperConfig(
        vocab_size=end + len(SPECIAL) + N_TIMES, d_model=16, encoder_layers=1, decoder_layers=1,
        encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, num_mel_bins=80,
        pad_token_id=end, bos_token_id=end, eos_token_id=end, decoder_start_token_id=end + 1,
        begin_suppress_tokens=None,
    )  # fmt: skip


def _tokenizer(text):
    """Return a tokenizer of single bytes, with the special tokens of Whisper in their order."""
    bpe = Tokenizer(models.BPE({token: number for number, token in enumerate(text)}, []))
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    bpe.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|endoftext|>", unk_token="<|endoftext|>")
