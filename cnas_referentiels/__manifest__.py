{
    "name": "CNAS — Référentiels",
    "summary": "Prestations, pathologies, tarifs datés, lettres-clés, taux, plafonds, panier de soins",
    "version": "17.0.1.0.0",
    "category": "CNAS",
    "author": "Caisse Nationale d'Assurance Santé",
    "website": "https://github.com/cnas-tchad/cnas",
    "license": "LGPL-3",
    "depends": ["cnas_base"],
    "external_dependencies": {"python": ["lxml"]},
    "data": [
        "security/ir.model.access.csv",
        "data/referentiels_data.xml",
        "data/taux_data.xml",
        "data/plafond_data.xml",
    ],
}
