"""Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/): steps of kernels made orthogonal."""

from collections import defaultdict

import torch
from torch import Tensor

# Newton-Schulz of degree five, the coefficients of the reference implementation: singular values end between 0.7 and 1.2.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
SMALLEST = 16
STEP = 0.2


def orthogonalized(matrices: Tensor) -> Tensor:
    """U Vᵀ of each matrix's singular value decomposition, nearly; (n, rows, columns). On an accelerator in bfloat16."""
    rows, columns = matrices.shape[1:]
    wide = matrices if rows <= columns else matrices.mT
    wide = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    wide = wide.bfloat16() if wide.is_cuda else wide
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = wide @ wide.mT
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return (wide if rows <= columns else wide.mT).to(matrices.dtype)


def is_kernel(parameter: Tensor) -> bool:
    """Whether Muon is for it: convolutions that are matrices worth the name, not biases nor the few channels of an output."""
    return parameter.ndim == 4 and min(parameter.shape[0], parameter[0].numel()) >= SMALLEST


class Muon(torch.optim.Optimizer):
    """Momentum made orthogonal over (output channels, inputs · kernel).

    A step's root mean square is 0.2 of the learning rate (Liu et al. 2025, Muon is Scalable, Sec. 2.2), about what Adam's is:
    both go by the same schedule.
    """

    def __init__(self, params, lr: float | Tensor = 1e-3, momentum: float = 0.95):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            # Kernels of one shape at once: a network has many.
            updates: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for parameter in group["params"]:
                if parameter.grad is not None:
                    state = self.state[parameter]
                    average = state["average"] = state["average"] if state else torch.zeros_like(parameter)
                    average.lerp_(parameter.grad, 1 - group["momentum"])
                    updates[parameter.shape].append((parameter, parameter.grad.lerp(average, group["momentum"]).flatten(1)))
            for those in updates.values():
                directions = orthogonalized(torch.stack([update for _, update in those]))
                scale = STEP * max(directions.shape[1:]) ** 0.5
                for (parameter, _), direction in zip(those, directions, strict=True):
                    parameter.sub_(direction.view(parameter.shape) * (group["lr"] * scale))
