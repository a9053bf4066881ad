import shutil
from pathlib import Path

import pytest
import torch
from transformers import BertModel

from services.trainer.config import EncoderConfig
from services.trainer.encoder import (
    freeze_lowest,
    load_encoder,
    load_packaged_encoder,
    packaged_folder,
)
from services.trainer.errors import EncoderError


def test_the_packaged_encoder_computes_what_the_bert_it_was_made_from_computes() -> None:
    bert = BertModel.from_pretrained(packaged_folder(), local_files_only=True).train(False)
    input_ids = torch.tensor([[101, 2026, 4923, 102, 0], [101, 4070, 2001, 2701, 102]])
    attention_mask = (input_ids != 0).long()

    encoder = load_encoder(EncoderConfig()).model.train(False)

    with torch.no_grad():
        ours = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        theirs = bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
    real = attention_mask.bool()
    assert (ours[real] - theirs[real]).abs().max().item() < 1e-5


def test_weights_with_another_digest_are_refused(tmp_path: Path) -> None:
    shutil.copytree(packaged_folder(), tmp_path / "model")
    with (tmp_path / "model" / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")

    with pytest.raises(EncoderError, match="expected 53aa51172d14"):
        load_packaged_encoder(tmp_path / "model")


def test_an_encoder_that_is_nowhere_is_refused_without_a_network() -> None:
    with pytest.raises(EncoderError, match="'no-such/encoder' is neither a folder nor in the"):
        load_encoder(EncoderConfig(name="no-such/encoder"))


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    encoder = load_encoder(EncoderConfig()).model
    encoder.save_pretrained(tmp_path)

    with pytest.raises(EncoderError, match="tokenizer.json"):
        load_encoder(EncoderConfig(name=str(tmp_path)))


def test_the_lowest_layers_are_kept_as_they_were() -> None:
    whole, lower = load_encoder(EncoderConfig()).model, load_encoder(EncoderConfig(layers=2)).model
    input_ids = torch.tensor([[101, 2026, 4923, 102]])

    with torch.no_grad():
        states = whole.train(False)(input_ids=input_ids, output_hidden_states=True).hidden_states
        ours = lower.train(False)(input_ids=input_ids).last_hidden_state

    assert lower.config.n_layers == 2
    assert torch.equal(ours, states[2])


def test_more_layers_than_there_are_is_an_error_that_names_both() -> None:
    with pytest.raises(EncoderError, match=r"encoder\.layers is 7: minilm has 6"):
        load_encoder(EncoderConfig(layers=7))


def test_more_frozen_layers_than_there_are_is_an_error_that_names_both() -> None:
    encoder = load_encoder(EncoderConfig(layers=2)).model

    with pytest.raises(EncoderError, match=r"encoder\.frozen_layers is 3: the encoder has 2"):
        freeze_lowest(encoder, 3)
