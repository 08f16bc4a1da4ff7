"""Cnn14 of PANNs in torch, from Kong et al. 2020 and the layout of its weights: what ours is compared with."""

import librosa
import torch
from torch import nn


class ConvBlock(nn.Module):
    """Two convolutions of 3 x 3, each with batch normalisation and ReLU, then the mean over squares."""

    def __init__(self, n_in, n_out, pool):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn1, self.bn2, self.pool = nn.BatchNorm2d(n_out), nn.BatchNorm2d(n_out), pool

    def forward(self, x):
        """Return (n, n_out, time / pool, bands / pool) of (n, n_in, time, bands)."""
        x = self.bn1(self.conv1(x)).relu()
        return nn.functional.avg_pool2d(self.bn2(self.conv2(x)).relu(), self.pool)


class TorchCnn14(nn.Module):
    """Cnn14 with its classifier, and a stand-in for the matrices of its front end, which its files hold too."""

    def __init__(self, filters, dim, n_classes=527, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.bn0 = nn.BatchNorm2d(64)
        for number, (n_in, n_out) in enumerate(zip((1, *filters), filters, strict=False), 1):
            setattr(self, f"conv_block{number}", ConvBlock(n_in, n_out, 2 if number < len(filters) else 1))
        self.fc1, self.fc_audioset = nn.Linear(filters[-1], dim), nn.Linear(dim, n_classes)
        self.n_blocks = len(filters)
        self.logmel_extractor = nn.ParameterDict({"melW": torch.zeros(513, 64)})
        for module in self.modules():  # as if it had been trained
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.1)
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
        self.bn0.running_mean.fill_(-40)
        self.bn0.running_var.fill_(400)
        self.eval()

    @torch.no_grad()
    def forward(self, log_mel):
        """Return embeddings (n, dim) of log-mel spectrograms (n, time, 64)."""
        x = self.bn0(log_mel[:, None].transpose(1, 3)).transpose(1, 3)
        for number in range(1, self.n_blocks + 1):
            x = getattr(self, f"conv_block{number}")(x)
        x = x.mean(dim=3)
        return self.fc1(x.amax(dim=2) + x.mean(dim=2)).relu()


def torch_log_mel(waveforms):
    """Return the log-mel spectrograms (n, time, 64) of windows (n, n_samples) at 32 kHz, by torch.stft."""
    window = torch.hann_window(1024, dtype=torch.float64)
    how = {"pad_mode": "reflect", "center": True, "return_complex": True}
    spectrum = torch.stft(torch.tensor(waveforms, dtype=torch.float64), 1024, 320, 1024, window, **how)
    bank = torch.tensor(librosa.filters.mel(sr=32000, n_fft=1024, n_mels=64, fmin=50, fmax=14000)).double()
    power = spectrum.abs().square().transpose(1, 2) @ bank.T
    return 10 * power.clamp(min=1e-10).log10()
