"""The pencil renderer of Tong et al., "Sketch Generation with Drawing Process Guided by Vector Flow and Grayscale", AAAI 2021."""
