"""Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/): steps of kernels made orthogonal."""

import torch
from torch import Tensor

# Newton-Schulz of degree five, the coefficients of the reference implementation: singular values end between 0.7 and 1.2.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
SMALLEST = 16
STEP = 0.2


def orthogonalized(matrix: Tensor) -> Tensor:
    """U Vᵀ of the singular value decomposition, nearly; (rows, columns)."""
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = wide / wide.norm().clamp(min=1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide if matrix.shape[0] <= matrix.shape[1] else wide.T


def is_kernel(parameter: Tensor) -> bool:
    """Whether Muon is for it: convolutions that are matrices worth the name, not biases nor the few channels of an output."""
    return parameter.ndim == 4 and min(parameter.shape[0], parameter[0].numel()) >= SMALLEST


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal over (output channels, inputs · kernel).

    A step's root mean square is 0.2 of the learning rate (Liu et al. 2025, Muon is Scalable, Sec. 2.2), about what Adam's is:
    both go by the same schedule.
    """

    def __init__(self, params, lr: float, momentum: float = 0.95):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                average = state.setdefault("average", torch.zeros_like(parameter))
                average.lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(average, group["momentum"]).flatten(1)
                direction = orthogonalized(update)
                parameter.add_(direction.view(parameter.shape), alpha=-group["lr"] * STEP * max(direction.shape) ** 0.5)
