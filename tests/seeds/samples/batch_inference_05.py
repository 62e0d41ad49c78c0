class BadInferenceClass:
    """
    Example of what NOT to do in Ray Data batch inference.
    This class demonstrates every common anti-pattern.
    """
    
    def __init__(self):
        # MISTAKE 2: Minimal initialization
        # Not loading the model here where it should be loaded once
        self.transform = None
        print("BadInferenceClass initialized (but model not loaded)")
    
    def __call__(self, batch: Dict[str, np.ndarray]) -> List[Dict[str, Any]]:
        """Process batch with all the wrong patterns."""
        
        # MISTAKE 3: Loading model INSIDE the inference function
        # This means we reload the 25MB model for every single batch!
        print("Loading ResNet model (this should only happen once!)")
        model = models.resnet50(pretrained=True)
        model.eval()
        
        # MISTAKE 4: Not using GPU even when available
        device = torch.device('cpu')  # Forcing CPU instead of GPU
        model = model.to(device)
        
        # MISTAKE 5: Creating transform every time instead of reusing
        transform = transforms.Compose([
            transforms.ToPILImage(),
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(mean=[0.485, 0.456, 0.406], 
                               std=[0.229, 0.224, 0.225])
        ])
        
        results = []
        
        # MISTAKE 6: Processing images one by one instead of true batching
        for i, image_array in enumerate(batch["image"]):
            try:
                # MISTAKE 7: Inefficient single-image processing
                # Converting numpy -> PIL -> tensor for each image individually
                image_tensor = transform(image_array).unsqueeze(0)
                image_tensor = image_tensor.to(device)
                
                # MISTAKE 8: Individual forward passes instead of batch inference
                with torch.no_grad():
                    outputs = model(image_tensor)
                    probabilities = torch.nn.functional.softmax(outputs[0], dim=0)
                    confidence, predicted_class = torch.max(probabilities, 0)
                
                results.append({
                    "image_id": i,
                    "predicted_class": int(predicted_class),
                    "confidence": float(confidence),
                    "processing_time": time.time()  # Unnecessary overhead
                })
                
                # MISTAKE 9: Unnecessary logging/printing in hot path
                if i % 10 == 0:
                    print(f"Processed image {i}")
                    
            except Exception as e:
                # MISTAKE 10: Poor error handling that slows down processing
                print(f"Error processing image {i}: {e}")
                results.append({
                    "image_id": i,
                    "predicted_class": -1,
                    "confidence": 0.0,
                    "error": str(e)
                })
        
        # MISTAKE 11: Wrong return format for Ray Data
        # Returning a list of objects instead of proper batch format
        # This violates Ray Data's batch output requirements
        return results  # ERROR: Ray 2.5+ requires wrapped format
